// Layout of the small header the addon shares with the stream transport. Internal to this package; mirrored in
// cc/stream-transport/records.h.

/** Words of the header shared with the addon. `now` is a double in words 6 and 7, the two totals stand in 8 to 11. */
export const HeaderWord = { COMMANDS: 0, ARENA_USED: 1, CONNECTIONS: 2, STALE: 3, REFUSED: 4, HANDSHAKES: 5 } as const;
export const HEADER_WORDS = 16;
/** Index of `now` when the header is seen as doubles. */
export const HEADER_NOW_DOUBLE = 3;
/** Index of the heap bytes of all queues when the header is seen as doubles. */
export const HEADER_QUEUED_DOUBLE = 4;
/** Index of the bytes that relays have spliced when the header is seen as doubles. */
export const HEADER_SPLICED_DOUBLE = 5;

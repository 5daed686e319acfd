// Two chained hash tables of a fixed size: as many buckets as there may be flows, so chains stay short and nothing is ever rehashed.
// Untouched buckets take no memory.

#include "flow-table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

namespace sluice {
namespace datagram {

bool FlowTable::Init(uint32_t seats) {
  uint32_t buckets = 64;
  while (buckets < seats) buckets *= 2;
  mask_ = buckets - 1;
  buckets_ = static_cast<Flow**>(calloc(buckets, sizeof *buckets_));
  if (buckets_ == nullptr || !seats_.Init(seats)) return false;
  return getrandom(&seed_, sizeof seed_, 0) == static_cast<ssize_t>(sizeof seed_);
}

FlowTable::~FlowTable() {
  for (uint32_t index = 0; index < Touched(); index++) {
    Flow* flow = At(index);
    flow->queue.Clear();
    while (flow->keys != nullptr) {
      FlowKey* key = flow->keys;
      flow->keys = key->sibling;
      free(key);
    }
  }
  free(buckets_);
  free(key_buckets_);
}

Flow* FlowTable::Take(Listener* listener, const ClientAddress& client) {
  Flow* flow = seats_.Take();
  if (flow == nullptr) return nullptr;
  flow->fd = -1;
  flow->chainFirst = -1;
  flow->listener = listener;
  flow->client = client;
  Flow** bucket = BucketOf(listener, client);
  flow->bucket = *bucket;
  *bucket = flow;
  return flow;
}

void FlowTable::Unlink(Flow* flow) {
  for (Flow** link = BucketOf(flow->listener, flow->client); *link != nullptr; link = &(*link)->bucket) {
    if (*link != flow) continue;
    *link = flow->bucket;
    flow->bucket = nullptr;
    return;
  }
}

void FlowTable::Hide(Flow* flow) {
  Unlink(flow);
  while (flow->keys != nullptr) {
    FlowKey* key = flow->keys;
    FlowKey** link = KeyBucketOf(flow->listener, key->bytes, key->length);
    while (*link != key) link = &(*link)->next;
    *link = key->next;
    flow->keys = key->sibling;
    free(key);
  }
  flow->keyCount = 0;
}

void FlowTable::Retire(Flow* flow) {
  flow->queue.Clear();
  flow->listener = nullptr;
  seats_.Retire(flow);
}

Flow** FlowTable::BucketOf(const Listener* listener, const ClientAddress& client) const {
  return &buckets_[HashAddress(client, listener->serial, seed_) & mask_];
}

Flow* FlowTable::FindByAddress(const Listener* listener, const ClientAddress& client) const {
  Flow* flow = *BucketOf(listener, client);
  while (flow != nullptr && (flow->listener != listener || !(flow->client == client))) flow = flow->bucket;
  return flow;
}

FlowKey** FlowTable::KeyBucketOf(const Listener* listener, const uint8_t* bytes, uint32_t length) const {
  return &key_buckets_[HashBytes(bytes, length, listener->serial, seed_) & mask_];
}

Flow* FlowTable::FindByKey(const Listener* listener, const uint8_t* bytes, uint32_t length) const {
  if (key_buckets_ == nullptr) return nullptr;
  for (FlowKey* key = *KeyBucketOf(listener, bytes, length); key != nullptr; key = key->next) {
    const bool same = key->length == length && memcmp(key->bytes, bytes, length) == 0;
    if (same && key->flow->listener == listener) return key->flow;
  }
  return nullptr;
}

int FlowTable::AddKey(Flow* flow, const uint8_t* bytes, uint32_t length) {
  if (key_buckets_ == nullptr) {
    key_buckets_ = static_cast<FlowKey**>(calloc(size_t{mask_} + 1, sizeof *key_buckets_));
    if (key_buckets_ == nullptr) return ENOMEM;
  }
  const Flow* owner = FindByKey(flow->listener, bytes, length);
  if (owner != nullptr) return owner == flow ? 0 : EEXIST;
  if (flow->keyCount >= kKeysMax) return ENOBUFS;
  FlowKey* key = static_cast<FlowKey*>(calloc(1, sizeof *key));
  if (key == nullptr) return ENOMEM;
  FlowKey** bucket = KeyBucketOf(flow->listener, bytes, length);
  *key = {*bucket, flow->keys, flow, static_cast<uint8_t>(length), {}};
  memcpy(key->bytes, bytes, length);
  *bucket = key;
  flow->keys = key;
  flow->keyCount++;
  return 0;
}

void FlowTable::Move(Flow* flow, const ClientAddress& client) {
  Unlink(flow);
  flow->client = client;
  Flow** bucket = BucketOf(flow->listener, client);
  flow->bucket = *bucket;
  *bucket = flow;
}

}  // namespace datagram
}  // namespace sluice

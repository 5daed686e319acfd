// Bound UDP sockets: their options as the kernel has them, ports shared by several, and what is refused.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { freeUdpPort } from '../../../test/support/free-udp-port.ts';
import { descriptorFlags, O_CLOEXEC, O_NONBLOCK } from '../test/kernel-view.ts';
import {
  adoptDatagramSocket,
  closeDescriptor,
  createDatagramSocket,
  createListeningSocket,
  type UdpBindOptions,
} from './index.ts';

describe('bound UDP sockets', () => {
  const open: number[] = [];
  afterEach(() => {
    for (const descriptor of open.splice(0)) closeDescriptor(descriptor);
  });

  function bind(options: UdpBindOptions) {
    const made = createDatagramSocket(options);
    open.push(made.descriptor);
    return made;
  }

  it('are non-blocking, close-on-exec, and say what they are', () => {
    const made = bind({ host: '127.0.0.1', port: 0 });
    assert.equal(made.family, 'IPv4');
    assert.equal(made.address, '127.0.0.1');
    assert.ok(made.port > 0);
    assert.equal(descriptorFlags(made.descriptor) & (O_NONBLOCK | O_CLOEXEC), O_NONBLOCK | O_CLOEXEC);
    assert.deepEqual(adoptDatagramSocket(made.descriptor), made);
  });

  it('share a port only if they all want to', () => {
    const { port } = bind({ host: '127.0.0.1', port: 0 });
    assert.equal(bind({ host: '127.0.0.1', port }).port, port);
    assert.throws(() => bind({ host: '127.0.0.1', port, reusePort: false }), {
      code: 'EADDRINUSE',
      message: `bind 127.0.0.1:${port}: address already in use`,
    });
  });

  it('of all addresses are of both families, or of IPv4 alone', async () => {
    assert.equal(bind({ host: '', port: 0 }).address, '::');
    assert.equal(bind({ host: '', port: 0, dualStack: false }).address, '0.0.0.0');
    const port = await freeUdpPort();
    assert.equal(bind({ host: '::', port, reusePort: false }).port, port);
    // An IPv6 address alone takes no IPv4, so that this one is free.
    assert.equal(bind({ host: '0.0.0.0', port, reusePort: false }).port, port);
  });

  it('are refused for names, ports and buffers that cannot be, and for other sockets', () => {
    assert.throws(() => bind({ host: 'localhost', port: 0 }), { code: 'EINVAL', message: /not resolved/ });
    assert.throws(() => bind({ host: '127.0.0.1', port: 65_536 }), { code: 'EINVAL', message: /port/ });
    assert.throws(() => bind({ host: '127.0.0.1', port: 0, sendBufferBytes: -1 }), { message: /sendBufferBytes/ });
    const tcp = createListeningSocket({ host: '127.0.0.1', port: 0 });
    open.push(tcp.descriptor);
    assert.throws(() => adoptDatagramSocket(tcp.descriptor), { code: 'EINVAL', message: /not a UDP socket/ });
    assert.throws(() => adoptDatagramSocket(100_000), { code: 'EBADF' });
  });
});

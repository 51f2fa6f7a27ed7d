import { describe, expect, it } from 'vitest';
import { transferableChunks } from './transferable-chunks.ts';

const chunk = (bodies: Uint8Array) => ({
  partition: 0,
  count: 1,
  sequences: new BigInt64Array([1n]),
  enqueuedMs: new Float64Array([0]),
  offsets: ['0'],
  bodies,
  ends: new Uint32Array([bodies.length]),
});

describe('chunks for another thread', () => {
  it('move buffers that they own', () => {
    const bodies = new Uint8Array([1, 2, 3]);
    const { chunks, transfer } = transferableChunks([chunk(bodies)]);
    structuredClone(chunks, { transfer: [...transfer] });
    expect(bodies.byteLength).toBe(0);
  });

  it('copy what lies in a shared buffer, such as the pool of Node', () => {
    const pooled = Buffer.from('abc');
    const { chunks, transfer } = transferableChunks([chunk(pooled), chunk(pooled)]);
    const moved = structuredClone(chunks, { transfer: [...transfer] });
    expect(pooled.toString()).toBe('abc');
    expect(moved.map((own) => Buffer.from(own.bodies).toString())).toEqual(['abc', 'abc']);
  });
});

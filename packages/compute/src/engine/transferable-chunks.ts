import type { EventChunk } from './engine.ts';

/**
 * Chunks that can be posted to another thread, and the buffers that move instead of being copied. A view that does not
 * cover its buffer (a slice of Node's pool, or two columns in one buffer) is copied: moving it would empty its neighbours.
 */
export function transferableChunks(chunks: readonly EventChunk[]): {
  readonly chunks: readonly EventChunk[];
  readonly transfer: readonly ArrayBuffer[];
} {
  const transfer = new Set<ArrayBuffer>();
  const own = <T extends Uint8Array | Uint32Array | Float64Array | BigInt64Array>(view: T): T => {
    const buffer = view.buffer;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === view.byteLength && !transfer.has(buffer)) {
      transfer.add(buffer);
      return view;
    }
    const copy = view.slice() as T;
    transfer.add(copy.buffer as ArrayBuffer);
    return copy;
  };
  const owned = chunks.map((chunk) => ({
    ...chunk,
    sequences: own(chunk.sequences),
    enqueuedMs: own(chunk.enqueuedMs),
    bodies: own(plainBytes(chunk.bodies)),
    ends: own(chunk.ends),
  }));
  return { chunks: owned, transfer: [...transfer] };
}

/** A Buffer's `slice` does not copy; a Uint8Array over the same bytes does. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

import { LRUCache } from 'lru-cache';

/** What the cache itself holds for an entry, besides key and value. */
const ENTRY_BYTES = 200;

export interface ByteCache<Value> {
  /** Undefined when it is not there. A value that is found counts as the most recently used. */
  get(key: string): Value | undefined;
  /** @param bytes of memory that the value holds, as far as is known; the key's own are added */
  set(key: string, value: Value, bytes: number): void;
  delete(key: string): void;
  readonly size: number;
}

/**
 * Creates a cache of values by text, bounded in bytes. The values used longest ago are dropped, and a value larger than
 * a quarter of the whole is not kept. Everything that grows with what callers send is kept in one of these.
 */
export function createByteCache<Value extends object>(maxBytes: number): ByteCache<Value> {
  const values = new LRUCache<string, Value>({ maxSize: maxBytes, maxEntrySize: Math.floor(maxBytes / 4) });
  return {
    get: (key) => values.get(key),
    set: (key, value, bytes) => void values.set(key, value, { size: Math.ceil(ENTRY_BYTES + 2 * key.length + bytes) }),
    delete: (key) => void values.delete(key),
    get size() {
      return values.size;
    },
  };
}

import { expect, test } from 'vitest';
import { partitionOfKey } from './partition-key-hash.ts';

// Worked out with the hash of @azure/event-hubs 6.0.4 (partitionKeyToIdMapper), of which the conformance suite tests many more.
test.each([
  ['', 0],
  ['a', 220],
  ['blue', 723],
  ['12345678', 486],
  ['123456789012', 621],
  ['1234567890123', 770],
  ['customer-17850', 221],
  ['schlüssel € 🙂', 423],
  ['x'.repeat(100), 862],
])('the key %j has its place of 1000', (key, place) => {
  expect(partitionOfKey(key, 1000)).toBe(place);
});

test('a key keeps its place, and places are spread', () => {
  const keys = Array.from({ length: 4_000 }, (_, index) => `customer-${index}`);
  const counts = [0, 0, 0, 0];
  for (const key of keys) {
    const partition = partitionOfKey(key, 4);
    expect(partitionOfKey(key, 4)).toBe(partition);
    counts[partition] = (counts[partition] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(700);
});

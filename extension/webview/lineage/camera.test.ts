import { expect, it } from 'vitest';
import { fitted, revealing, SCALE_MAX, SCALE_MIN, seenBox, zoomed } from './camera.ts';

const screen = { width: 800, height: 600 };
const margin = { left: 20, right: 20, top: 40, bottom: 20 };

it('keeps the point under the pointer where it is, and stays within its bounds', () => {
  const camera = { x: 13, y: -7, scale: 0.8 };
  const at = { x: 300, y: 200 };
  const next = zoomed(camera, 1.5, at);
  expect((at.x - next.x) / next.scale).toBeCloseTo((at.x - camera.x) / camera.scale);
  expect((at.y - next.y) / next.scale).toBeCloseTo((at.y - camera.y) / camera.scale);
  expect(zoomed(camera, 1e9, at).scale).toBe(SCALE_MAX);
  expect(zoomed(camera, 1e-9, at).scale).toBe(SCALE_MIN);
});

it('fits a box beside what lies over the graph', () => {
  const camera = fitted({ left: 0, top: 0, right: 4_000, bottom: 1_000 }, screen, margin);
  const seen = seenBox(camera, screen);
  expect(seen.left).toBeLessThanOrEqual(0);
  expect(seen.right).toBeGreaterThanOrEqual(4_000);
  expect(camera.x).toBeCloseTo(margin.left);
});

it('moves no more than it must to show a box', () => {
  const camera = { x: 0, y: 0, scale: 1 };
  expect(revealing(camera, { left: 100, top: 100, right: 200, bottom: 150 }, screen, margin)).toEqual(camera);
  expect(revealing(camera, { left: 900, top: 100, right: 1_000, bottom: 150 }, screen, margin)).toEqual({
    x: -220,
    y: 0,
    scale: 1,
  });
});

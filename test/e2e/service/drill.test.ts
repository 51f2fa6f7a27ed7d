import { describe, expect, it } from 'vitest';
import { runCli } from '../../support/cli.ts';
import { IS_SOAK } from '../../support/soak.ts';

/** `lakewarden drill` as people run it: faults under load, mended by the agent alone. */
const ALL = ['poison-flood', 'storage-503', 'hub-detach-throttle', 'adf-run-stuck', 'agent-killed'];
const QUICK = ['adf-run-stuck', 'agent-killed'];

interface Drilled {
  readonly faults: readonly {
    readonly name: string;
    readonly detectedMs: number;
    readonly recoveredMs: number;
  }[];
  readonly rowsUnbalanced: number;
}

describe('a drill', () => {
  it(`is closed by the agent alone, with no row lost and no harm done: ${IS_SOAK ? 'all' : QUICK.join(', ')}`, async () => {
    const names = IS_SOAK ? ALL : QUICK;
    const { code, stdout, stderr } = await runCli(['drill', ...(IS_SOAK ? ['--all'] : names), '--json']);
    console.log(stdout);
    const { faults, rowsUnbalanced } = JSON.parse(stdout) as Drilled;
    const clean = { closed: true, rowsLost: 0, rowsDoubled: 0, harmfulActs: 0 };
    expect(faults, stderr).toMatchObject(names.map((name) => ({ name, ...clean })));
    expect([rowsUnbalanced, code]).toEqual([0, 0]);
    for (const { detectedMs, recoveredMs } of faults)
      expect([detectedMs >= 0, recoveredMs >= 0]).toEqual([true, true]);
  });

  it('refuses a fault that it does not know, by name', async () => {
    const { code, stdout, stderr } = await runCli(['drill', 'earthquake']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`no fault "earthquake" · one of ${ALL.join(', ')}`);
    expect((await runCli(['drill'])).code).toBe(2);
  });
});

import { type DatasetName, isBalanced } from '@lakewarden/contracts';
import type { DatasetView, SliceView } from '../../reconcile/world.ts';
import { type Detector, plural, signalOf } from '../detector.ts';

/** A recorded slice in which rows are missing or too many (I12): no run of ours commits that, so somebody else wrote. */
export const accounting: Detector = {
  detect(o) {
    return [...(o.views ?? [])].flatMap(([dataset, view]) => {
      const broken = unbalanced(view);
      const [first] = broken;
      if (first === undefined) return [];
      return [
        signalOf({
          cause: `accounting:${dataset}`,
          kind: 'accounting',
          severity: 'critical',
          title: `rows of ${plural(broken.length, 'slice')} of ${dataset} do not add up`,
          targets: broken.map(({ wanted }) => `${dataset}@${wanted.slice}`),
          evidence: { dataset, slices: broken.length, ...first.recorded?.accounting },
        }),
      ];
    });
  },
  isGone: (o, { cause }) => o.views?.has(cause.slice('accounting:'.length) as DatasetName) ?? false,
};

function unbalanced(view: DatasetView): readonly SliceView[] {
  const known = memo.get(view);
  if (known !== undefined) return known;
  const found = view.slices.filter(
    ({ recorded }) => recorded?.accounting !== undefined && !isBalanced(recorded.accounting),
  );
  memo.set(view, found);
  return found;
}

/** A view is a value and is looked at every second or two: its slices are walked once. */
const memo = new WeakMap<DatasetView, readonly SliceView[]>();

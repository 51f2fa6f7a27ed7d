import { type BUILTIN_STEPS, durationSchema } from '@lakewarden/contracts';
import { z } from 'zod';

export type BuiltinStep = (typeof BUILTIN_STEPS)[number];

/** `with` of the steps that are no actions of the catalogue. */
export const BUILTIN_ARGUMENTS: Readonly<Record<BuiltinStep, z.ZodObject>> = {
  wait: z.strictObject({ for: durationSchema }),
  notify: z.strictObject({ message: z.string().min(3).max(500), to: z.string().max(100).optional() }),
  probe: z.strictObject({ dependency: z.string() }),
  reconcile: z.strictObject({}),
  ask: z.strictObject({ message: z.string().min(3).max(500) }),
};

export function isBuiltin(action: string): action is BuiltinStep {
  return Object.hasOwn(BUILTIN_ARGUMENTS, action);
}

/** Waiting and asking have times of their own; the others may not take longer than their timeout. */
export function hasOwnTime(action: string): boolean {
  return action === 'wait' || action === 'ask';
}

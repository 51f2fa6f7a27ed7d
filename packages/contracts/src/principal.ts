import { z } from 'zod';

/**
 * What a principal may do. A role includes the ones before it, except `alert-sender`, which may post alerts and nothing
 * else (reliability.md, A6 Roles).
 */
export const ROLES = ['viewer', 'operator', 'admin', 'alert-sender'] as const;
export const roleSchema = z.enum(ROLES);
export type Role = z.infer<typeof roleSchema>;

/** Who asks. Runbooks act as `runbook/<name>`, the agent itself as `agent`. */
export interface Principal {
  readonly id: string;
  readonly role: Role;
}

const RANK: Record<Role, number> = { 'alert-sender': -1, viewer: 0, operator: 1, admin: 2 };

/** Does `role` include `needed`? */
export function mayAct(role: Role, needed: Role): boolean {
  if (needed === 'alert-sender' || role === 'alert-sender') return role === needed || role === 'admin';
  return RANK[role] >= RANK[needed];
}

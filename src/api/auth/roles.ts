import { SetMetadata } from '@nestjs/common';
import type { Role } from '../ports.js';

export const ROLE = 'vigil:role';
export const ROLES = ['viewer', 'analyst', 'admin'] as const satisfies readonly Role[];

/** The least role that a route asks for; a higher one will do. */
export const Needs = (role: Role) => SetMetadata(ROLE, role);
/** Routes that need no key. */
export const Public = () => SetMetadata(ROLE, 'public');
/** Role viewer, or no key at all where the process was told so. */
export const MetricsReader = () => SetMetadata(ROLE, 'metrics');

export function atLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

import type { RuleStatus } from '../entities/rule.js';

export type RuleAction = 'activate' | 'shadow' | 'pause' | 'resume' | 'retire';
export type LiveStatus = 'active' | 'shadow';

/** Where a version stands. `pausedFrom` is what `resume` goes back to; null unless paused. */
export interface VersionStanding {
  readonly status: RuleStatus;
  readonly pausedFrom: LiveStatus | null;
}

/**
 * What an action does to a version.
 *
 * | from \ action | activate | shadow | pause  | resume       | retire  |
 * |---------------|----------|--------|--------|--------------|---------|
 * | draft         | active   | shadow | –      | –            | retired |
 * | shadow        | active   | same   | paused | same         | retired |
 * | active        | same     | shadow | paused | same         | retired |
 * | paused        | active   | shadow | same   | as before it | retired |
 * | retired       | active   | shadow | –      | –            | same    |
 *
 * A retired version may come back: that is a rollback.
 * @returns the next standing (the same object where nothing changes), or null where the action is refused
 */
export function transition(standing: VersionStanding, action: RuleAction): VersionStanding | null {
  switch (action) {
    case 'activate':
      return moved(standing, 'active');
    case 'shadow':
      return moved(standing, 'shadow');
    case 'retire':
      return moved(standing, 'retired');
    case 'pause':
      return paused(standing);
    case 'resume':
      return resumed(standing);
  }
}

/** Tasks run it or keep its state. At most one version of a rule is live. */
export function isLive(status: RuleStatus): status is 'active' | 'shadow' | 'paused' {
  return status === 'active' || status === 'shadow' || status === 'paused';
}

function moved(standing: VersionStanding, status: RuleStatus): VersionStanding {
  return standing.status === status ? standing : { status, pausedFrom: null };
}

function paused(standing: VersionStanding): VersionStanding | null {
  if (standing.status === 'paused') return standing;
  if (standing.status !== 'active' && standing.status !== 'shadow') return null;
  return { status: 'paused', pausedFrom: standing.status };
}

function resumed(standing: VersionStanding): VersionStanding | null {
  if (standing.status === 'active' || standing.status === 'shadow') return standing;
  return standing.status === 'paused' ? { status: standing.pausedFrom ?? 'active', pausedFrom: null } : null;
}

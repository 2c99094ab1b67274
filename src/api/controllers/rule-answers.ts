import type { AppliedView, LiveView, RuleVersionView, RuleView } from '../ports.js';

/** Members of a rule that lists show too. */
export function ruleSummary({ id, name, severity, tags, revision, latest, live }: RuleView) {
  return {
    id,
    name,
    severity,
    tags,
    version: latest.version,
    status: latest.status,
    live: live === null ? null : { version: live.version, status: live.status },
    revision,
    createdAt: latest.createdAt,
    createdBy: latest.createdBy,
  };
}

export async function ruleAnswerOf(rule: RuleView, liveView: LiveView) {
  const running = rule.live ?? rule.latest;
  return { ...ruleSummary(rule), rule: rule.latest.rule, versions: rule.versions, applied: await appliedOf(running, liveView) };
}

export async function versionAnswerOf(version: RuleVersionView, liveView: LiveView) {
  return { ...version, applied: await appliedOf(version, liveView) };
}

function appliedOf({ id, version, status }: RuleVersionView, liveView: LiveView): Promise<AppliedView> | null {
  return status === 'draft' ? null : liveView.applied(id, version, status);
}

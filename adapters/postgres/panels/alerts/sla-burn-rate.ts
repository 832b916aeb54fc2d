/**
 * How fast the error budget of an SLA is spent: the share of late jobs over the share that may be late. Of two windows
 * the lower counts, so that a short burst alone tells nobody and a fault that is over stops telling (Google, The Site
 * Reliability Workbook, chapter 5).
 */
import { JOBS_HELD } from '../jobs-held';
import type { AlertQuery } from './alert';

/** Share of jobs that shall be on time: the on-time probability that `normal` asks for. */
export const SLA_TARGET = 0.9;
/** Fewer jobs in the long window say nothing. */
const LEAST_JOBS = 20;

const burnRate = (shortInterval: string): string => `
with jobs as (
	${JOBS_HELD('$__timeFilter(created_at)')}
), windows as (
	select coalesce(urgency, '(none)') as urgency,
		count(*) as jobs,
		avg((not on_time)::int) as late,
		avg((not on_time)::int) filter (
			where created_at >= $__timeTo()::timestamptz - interval '${shortInterval}') as late_lately
	from jobs
	group by 1
)
select urgency,
	(least(late, coalesce(late_lately, 0)) / ${(1 - SLA_TARGET).toFixed(2)})::double precision as value
from windows
where jobs >= ${LEAST_JOBS}
order by 1
`;

const common = {
	log: 'model_usage_log',
	fires: 'above',
	holdsFor: '2m',
	summary:
		'{{ $labels.urgency }} jobs are late {{ $values.A.Value | printf "%.1f" }} times as often as the target allows.',
	description:
		'Look at the queue, at servers that are gone, and at degradations: more GPU time, fewer jobs or lower floors of quality bring it back.',
} as const;

/** The budget of a month would be gone in two days. */
export const slaFastBurn: AlertQuery = {
	...common,
	name: 'sla-fast-burn',
	title: 'Deadlines missed: fast burn',
	sql: burnRate('15 minutes'),
	threshold: 5,
	rangeSeconds: 3600,
	severity: 'critical',
};

/** The budget of a month would be gone in two weeks. */
export const slaSlowBurn: AlertQuery = {
	...common,
	name: 'sla-slow-burn',
	title: 'Deadlines missed: slow burn',
	sql: burnRate('1 hour'),
	threshold: 2,
	rangeSeconds: 21_600,
	severity: 'warning',
};

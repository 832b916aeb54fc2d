/**
 * How much work waits, in GPU seconds, as one row: for autoscalers, which can run a query and compare a number. From what
 * is reserved and waiting, and from how long the newest runs took.
 */
import type { Migration } from './migration';

/** The newest so many runs of the last day say how long a job takes. */
const RECENT_RUNS = 200;
/** Where nothing was logged yet. */
const UNKNOWN_JOB_SECONDS = 30;

export const predictedBacklog: Migration = {
	version: 9,
	name: 'predicted backlog',
	sql: (s) => `
create view ${s}.predicted_backlog as
with recent as (
	select run_seconds + coalesce(load_seconds, 0) as gpu_seconds
	from ${s}.model_usage_log
	where created_at > now() - interval '1 day' and status = 'success' and run_seconds is not null
	order by created_at desc
	limit ${RECENT_RUNS}
), typical as (
	select coalesce(avg(gpu_seconds), ${UNKNOWN_JOB_SECONDS})::double precision as seconds_per_job from recent
), reserved as (
	select count(*)::integer as reserved_jobs,
		coalesce(sum(greatest(0, remaining_seconds
			- case when running then extract(epoch from clock_timestamp() - told_at) else 0 end)), 0)::double precision as reserved_seconds
	from ${s}.server_reservation
	where expires_at > clock_timestamp()
), waiting as (
	select count(*)::integer as waiting_jobs
	from ${s}.waiting_job
	where expires_at > clock_timestamp()
)
select reserved_seconds + waiting_jobs * seconds_per_job as backlog_seconds,
	reserved_jobs, reserved_seconds, waiting_jobs, seconds_per_job
from typical, reserved, waiting;
`,
};

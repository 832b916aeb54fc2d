/**
 * Jobs that were held against their deadline: a job is what its attempts came to, on time when one of them was. Refused
 * counts as late, cancelled not at all.
 */
import { USAGE_LOG, USAGE_IN_RANGE } from './panel';

export const IS_HELD = `status <> 'cancelled' and (on_time is not null or status = 'rejected')`;

/** One row for each job. Keeps every job of the range in memory: for short ranges. */
export const JOBS_HELD = (timeFilter: string): string => `select job_id,
		max(urgency) as urgency,
		min(created_at) as created_at,
		bool_or(coalesce(on_time, false)) as on_time
	from ${USAGE_LOG}
	where ${timeFilter}
		and ${IS_HELD}
	group by job_id`;

/*
 * For long ranges: nearly every job has one attempt and needs no grouping. First attempts are counted as they come, and
 * the jobs with another one are corrected for.
 */

/** Aggregates over held runs: counted as if every job had one attempt, and the jobs of which that is not true. */
export const FIRST_ATTEMPTS = `count(*) filter (where attempt = 1 and ${IS_HELD}) as first_jobs,
		count(*) filter (where attempt = 1 and on_time and ${IS_HELD}) as first_on_time,
		array_agg(job_id) filter (where attempt > 1 and ${IS_HELD}) as again`;

/** The held runs of the jobs that `again` of the common table `counted` names, by the index of jobs. */
export const RETRIED = `select job_id,
		attempt,
		urgency,
		created_at,
		coalesce(on_time, false) as on_time
	from ${USAGE_LOG}
	where ${USAGE_IN_RANGE}
		and ${IS_HELD}
		and job_id = any (array(select unnest(again) from counted))`;

/** The jobs among them. */
export const RETRIED_JOBS = `select max(urgency) as urgency,
		min(created_at) as created_at,
		bool_or(on_time) as on_time
	from retried
	group by job_id`;

/** The jobs that were asked for, from model_usage_log, for replaying them. Needs SELECT only; prompts are not in the log. */
import { DEMO_WORKFLOW_ID } from '../../lib/demo';
import { RouterError } from '../../lib/errors';
import { isDenied, postgresError } from './errors';
import { type RouterPool, withClient } from './pool';

/** One job. Seconds, pixels; null: the request's default. */
export interface LoggedJob {
	/** Since the first of them. */
	arrival_seconds: number;
	purpose: string;
	urgency: string | null;
	deadline_seconds: number | null;
	width: number | null;
	height: number | null;
	batch_size: number | null;
	user_id: string | null;
}

/** A row is written when its attempt ends: the job was asked for its own time earlier. Later attempts are the same job. */
const sql = (schema: string): string => `
with asked as (
	select created_at - make_interval(secs => coalesce(actual_seconds, 0)) as asked_at,
		purpose, urgency, deadline_seconds, width, height, batch_size, user_id
	from ${schema}.model_usage_log
	where created_at >= now() - $1::double precision * interval '1 day'
		and attempt = 1 and purpose is not null
		and workflow_id is distinct from '${DEMO_WORKFLOW_ID}'
	order by created_at desc, id desc
	limit $2
)
select extract(epoch from asked_at - min(asked_at) over ())::double precision as arrival_seconds,
	purpose, urgency, deadline_seconds::double precision as deadline_seconds, width, height, batch_size, user_id
from asked
order by 1`;

/** @returns the newest `limit` jobs, oldest first. @throws RouterError POSTGRES_* */
export async function loggedJobs(
	pool: RouterPool,
	{ sinceDays, limit }: { sinceDays: number; limit: number },
): Promise<LoggedJob[]> {
	try {
		const { rows } = await withClient(pool, (client) =>
			client.query<LoggedJob>(sql(pool.quotedSchema), [sinceDays, limit]),
		);
		return rows;
	} catch (error) {
		if (!isDenied(error)) throw postgresError(error, pool.where, 'Reading the usage log');
		throw new RouterError({
			code: 'POSTGRES_PERMISSION',
			message: `Reading the usage log failed: this role may not read model_usage_log (${pool.where}).`,
			hint: 'Grant SELECT on model_usage_log.',
		});
	}
}

/** Takes the demo's rows out of the logs again, and nothing else. */
import {
	DEMO_DEVICE_PREFIX,
	DEMO_JOB_PREFIX,
	DEMO_SERVERS,
	DEMO_WORKFLOW_ID,
} from '../../lib/demo';
import { postgresError } from './errors';
import { type RouterPool, withClient } from './pool';

export interface DemoRemoval {
	usageRows: number;
	vramRows: number;
}

/** @throws RouterError POSTGRES_* */
export async function removeDemoRows(pool: RouterPool): Promise<DemoRemoval> {
	const { quotedSchema: schema } = pool;
	try {
		return await withClient(pool, async (client) => {
			await client.query('begin');
			// the time limit is for questions; this may walk through years of a log
			await client.query('set local statement_timeout = 0');
			const usage = await client.query(
				`delete from ${schema}.model_usage_log where workflow_id = $1 and starts_with(job_id, $2)`,
				[DEMO_WORKFLOW_ID, DEMO_JOB_PREFIX],
			);
			const vram = await client.query(
				`delete from ${schema}.vram_usage_log where server = any($1)
				and (starts_with(device_name, $2) or starts_with(error, $2))`,
				[DEMO_SERVERS, DEMO_DEVICE_PREFIX],
			);
			await client.query('commit');
			return { usageRows: usage.rowCount ?? 0, vramRows: vram.rowCount ?? 0 };
		});
	} catch (error) {
		throw postgresError(error, pool.where, 'Removing the demo rows');
	}
}

/**
 * Logs of any size, made by the server itself: evenly spread over the time before `to`, in partitions made as the upkeep
 * would have made them. For plans and benchmarks; figures vary, but mean nothing.
 */
import type { Pool } from 'pg';

export interface LargeLogs {
	usageRows: number;
	vramRows: number;
	days: number;
	/** The last moment of the logs. */
	to: Date;
}

const SERVERS = 8;

/** The tables must be there and be empty. A pool fills both at once. */
export async function fillLargeLogs(sql: Pool, logs: LargeLogs): Promise<void> {
	const span = [logs.to.toISOString(), logs.days];
	await Promise.all([
		fill(sql, 'model_usage_log', async () => {
			await addPartitions(sql, 'model_usage_log', 'created_at', 'month', logs);
			// the keys would double the time, and no query of a dashboard reads them
			await sql.query('alter table model_usage_log disable trigger user');
			await sql.query(usageSql(logs.usageRows), span);
			await sql.query('alter table model_usage_log enable trigger user');
		}),
		fill(sql, 'vram_usage_log', async () => {
			await addPartitions(sql, 'vram_usage_log', 'observed_at', 'week', logs);
			await sql.query(vramSql(Math.ceil(logs.vramRows / SERVERS) * SERVERS), span);
		}),
	]);
}

/** Indexes are made of full tables, which is several times as fast as keeping them while rows come. */
async function fill(sql: Pool, table: string, work: () => Promise<void>): Promise<void> {
	const { rows } = await sql.query<{ name: string; definition: string }>(
		`select indexname as name, indexdef as definition from pg_indexes
		where schemaname = 'public' and tablename = $1`,
		[table],
	);
	for (const { name } of rows) await sql.query(`drop index ${name}`);
	await work();
	for (const { definition } of rows) {
		await sql.query(definition.replace(' ON ONLY ', ' ON '));
	}
	await sql.query(`vacuum (analyze) ${table}`);
}

async function addPartitions(
	sql: Pool,
	table: string,
	column: string,
	unit: 'month' | 'week',
	{ days, to }: LargeLogs,
): Promise<void> {
	await sql.query(
		`select comfyui_router_add_partition($1, $2, $3, moment) from generate_series(
			$4::timestamptz - $5::double precision * interval '1 day', $4::timestamptz + interval '1 ${unit}', interval '1 ${unit}') moment`,
		[table, column, unit, to.toISOString(), days],
	);
}

const usageSql = (rows: number): string => `
insert into model_usage_log (job_id, attempt, user_id, workflow_id, execution_id, server, model_name, preset, purpose,
	urgency, width, height, batch_size, steps, cfg, selection_reason, status, degraded, error_code, estimated_seconds,
	actual_seconds, queue_seconds, load_seconds, run_seconds, timing_source, cold, deadline_seconds, on_time,
	estimated_cost, actual_cost, cost_unit, quality_estimated, vram_peak_bytes, prompt_id, created_at)
select 'job-' || n, 1, 'user-' || n % 500, 'Jx8mZ1t0RkqvB2aL', (n / 8)::text, 'gpu-' || n % ${SERVERS},
	(array['sdxl-base', 'flux1-dev', 'qwen-image', 'z-image-turbo', 'sd35-large', 'flux2-dev'])[(1 + n % 6)::int], 'full',
	(array['photo', 'product', 'portrait', 'draft'])[(1 + n % 4)::int], (array['urgent', 'normal', 'flexible'])[(1 + n % 3)::int],
	1024, 1024, 1, 28, 4.5,
	'model / full on gpu: best quality (0.78) of 12 candidates that finish within 90 s with at least 90 % probability (> 99 %); expected in 12 s; needs 9.2 GB of 23.5 GB VRAM; costs 0.002 USD.'
		|| case when n % 37 = 0 then ' Lighter than on an idle fleet, because of what is queued.' else '' end,
	case when n % 400 = 0 then 'oom' when n % 211 = 0 then 'error' when n % 173 = 0 then 'rejected' else 'success' end,
	n % 37 = 0, case when n % 173 = 0 then 'VRAM' end, seconds * 1.1, seconds + n % 7, n % 7,
	case when n % 11 = 0 then 9 else 0 end, seconds, 'comfyui', n % 11 = 0, 90,
	case when n % 173 <> 0 then n % 29 <> 0 end, seconds * 1.1 * price,
	seconds * price, case when n % 10 < 9 then case when price = 1 then 'gpu_seconds' else 'USD' end end,
	(n % 90) / 100.0, 9000000000, 'p-' || n,
	$1::timestamptz - $2::double precision * interval '1 day' * (1 - (n + 1)::double precision / ${rows})
from (
	select n, 1 + (n * 7919 % 6007) / 100.0 as seconds, case when n % ${SERVERS} = 7 then 1 else 0.00028 end as price from generate_series(0::bigint, ${rows} - 1) n
) numbers`;

/** One reading of every server, then the next: as a monitor writes them. */
const vramSql = (readings: number): string => `
insert into vram_usage_log (observed_at, server, reachable, device_index, device_name, vram_total, vram_free,
	torch_vram_total, torch_vram_free, queue_running, queue_pending, loaded_model)
select $1::timestamptz - $2::double precision * interval '1 day' * (1 - (n + 1)::double precision / ${readings / SERVERS}),
	'gpu-' || server, true, 0, 'cuda:0 NVIDIA GeForce RTX 4090', 24000000000, 2000000000 + (n * 7919 % 6007) * 1000000,
	14000000000, 1000000000, n % 2, n % 5,
	(array['sdxl-base', 'flux1-dev', 'qwen-image', 'z-image-turbo'])[(1 + (n / 40 + server) % 4)::int]
from (
	select reading / ${SERVERS} as n, reading % ${SERVERS} as server
	from generate_series(0::bigint, ${readings} - 1) reading
) readings`;

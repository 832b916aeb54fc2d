/**
 * What a query of the dashboards is, and the fragments that several share. The text is Grafana's: its macros and
 * variables are expanded by Grafana in a dashboard, by `macros.ts` everywhere else, so that both run the same SQL.
 */

/** The logs, partitioned and large; quotas, which are about now; opinions, which are few. */
export type SourceTable = 'model_usage_log' | 'vram_usage_log' | 'quota_account' | 'model_feedback';

export interface PanelQuery {
	/** Stable: tests and dashboards refer to it. */
	name: string;
	/** What it reads. */
	log: SourceTable;
	/** `time_series`: columns time, metric, value. `table`: one row per thing. */
	format: 'time_series' | 'table';
	sql: string;
}

/** Tables, in the schema that the dashboard's constant `schema` names. */
export const USAGE_LOG = '"${schema:raw}".model_usage_log';
export const VRAM_LOG = '"${schema:raw}".vram_usage_log';

const chosen = (column: string, variable: string): string =>
	`('*' in (\${${variable}:sqlstring}) or ${column} in (\${${variable}:sqlstring}))`;

/** Runs within the range that the variables ask for. "All" is the one value `*`, which the planner folds away. */
export const USAGE_IN_RANGE = `$__timeFilter(created_at)
	and ${chosen('server', 'server')}
	and ${chosen('model_name', 'model')}
	and ${chosen('user_id', 'user')}
	and ${chosen('purpose', 'purpose')}`;

export const VRAM_IN_RANGE = `$__timeFilter(observed_at)
	and ${chosen('server', 'server')}`;

/** A server's queue and model are in the readings of all its devices: those of the first are enough. */
export const FIRST_DEVICE = '(device_index = 0 or device_index is null)';

/** Start of a row's time bucket. Not Grafana's own macro: that divides numerics, which is several times as slow. */
export const bucket = (column: string): string =>
	`date_bin(interval '$__interval_ms milliseconds', ${column}, timestamptz 'epoch')`;

/** Images that a row brought. */
export const IMAGES = `coalesce(sum(coalesce(batch_size, 1)) filter (where status = 'success'), 0)`;

/** Bytes that a run can get: what ComfyUI holds for models and would give up counts as free (lib/vram-watch). */
export const OBTAINABLE = `(vram_free + case when torch_vram_total = vram_total and torch_vram_free = vram_free then 0
		else greatest(0, torch_vram_total - torch_vram_free) end)`;

/** "gpu-a", and "gpu-a #1" for the second device of a server. */
export const DEVICE = `server || case when device_index > 0 then ' #' || device_index else '' end`;

/** A job is what its attempts came to: on time when one of them was; refused counts as late, cancelled not at all. */
export const JOBS_HELD = (timeFilter: string): string => `select job_id,
		max(urgency) as urgency,
		min(created_at) as created_at,
		bool_or(coalesce(on_time, false)) as on_time
	from ${USAGE_LOG}
	where ${timeFilter}
		and status <> 'cancelled'
		and (on_time is not null or status = 'rejected')
	group by job_id`;

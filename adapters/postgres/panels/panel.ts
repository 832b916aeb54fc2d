/**
 * What a query of the dashboards is, and the fragments that several share. The text is Grafana's: its macros and
 * variables are expanded by Grafana in a dashboard, by `macros.ts` everywhere else, so that both run the same SQL.
 */

import { IS_GPU_SECONDS } from '../cost-unit';

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

const imagesOf = (condition: string): string =>
	`coalesce(sum(coalesce(batch_size, 1)) filter (where ${condition}), 0)`;

/** Images that rows brought. */
export const IMAGES = imagesOf(`status = 'success'`);

/** True for one of the two units of cost. They are never added: money is no GPU time. */
export const IN_UNIT = {
	money: `not ${IS_GPU_SECONDS}`,
	gpu_seconds: IS_GPU_SECONDS,
} as const;

/** Cost of all, and of an image made in that unit. */
const costIn = (unit: keyof typeof IN_UNIT, name: string, perImage: string): string => {
	const sum = `sum(actual_cost) filter (where ${IN_UNIT[unit]})`;
	const images = imagesOf(`status = 'success' and ${IN_UNIT[unit]}`);
	return `${sum} as ${name},
	${sum} / nullif(${images}, 0) as ${perImage}`;
};

/** Columns: money, and apart from it the GPU seconds on servers without a price. */
export const COSTS = `${costIn('money', 'cost', 'cost_per_image')},
	${imagesOf(`status = 'success' and ${IN_UNIT.gpu_seconds}`)} as unpriced_images,
	${costIn('gpu_seconds', 'unpriced_gpu_seconds', 'unpriced_per_image')}`;

/** A name that has sums in both units is told which of them this is: they stand beside each other. */
export const nameInUnit = (column: string): string =>
	`${column} || case when unit = 'gpu_seconds' and bool_or(unit = 'money') over (partition by ${column})
		then ' (no price)' else '' end`;

/** How rows with a cost and an image's cost are ordered: the dearest first. */
export const DEAREST_FIRST = 'cost desc nulls last, unpriced_gpu_seconds desc nulls last';

/** Bytes that a run can get: what ComfyUI holds for models and would give up counts as free (lib/vram-watch). */
export const OBTAINABLE = `(vram_free + case when torch_vram_total = vram_total and torch_vram_free = vram_free then 0
		else greatest(0, torch_vram_total - torch_vram_free) end)`;

/** "gpu-a", and "gpu-a #1" for the second device of a server. */
export const DEVICE = `server || case when device_index > 0 then ' #' || device_index else '' end`;

/**
 * Runs of the range as a subquery that the planner does not look into ("offset 0"). It takes a time bucket for as many
 * groups as there are moments and would sort all runs; of what it cannot see it takes 200, and hashes.
 */
export const runsFirst = (columns: string, condition: string): string => `(
		select ${columns}
		from ${USAGE_LOG}
		where ${USAGE_IN_RANGE}
			and ${condition}
		offset 0
	) runs`;

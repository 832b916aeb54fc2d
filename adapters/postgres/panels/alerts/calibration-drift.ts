/** Models whose runs take visibly longer or shorter than estimated, over a day. */
import { USAGE_LOG } from '../panel';
import type { AlertQuery } from './alert';

export const calibrationDrift: AlertQuery = {
	name: 'calibration-drift',
	title: 'Calibration drift',
	log: 'model_usage_log',
	// the factor either way: 1.5 is half as long again, or two thirds
	sql: `
select model,
	greatest(ratio, 1 / ratio)::double precision as value
from (
	select model_name as model,
		percentile_cont(0.5) within group (order by actual_cost / estimated_cost) as ratio
	from ${USAGE_LOG}
	where $__timeFilter(created_at)
		and status = 'success'
		and actual_cost > 0
		and estimated_cost > 0
		and model_name is not null
	group by 1
	having count(*) >= 20
) models
order by 1
`,
	fires: 'above',
	threshold: 1.3,
	rangeSeconds: 86_400,
	holdsFor: '30m',
	severity: 'warning',
	summary:
		'Runs of {{ $labels.model }} are off by a factor of {{ $values.A.Value | printf "%.2f" }} from their estimates.',
	description:
		'Run Manage Models > Calibrate, or comfyui-router calibrate --write. If it comes back, a server has changed: its GPU, its drivers, its ComfyUI, or what else runs there.',
};

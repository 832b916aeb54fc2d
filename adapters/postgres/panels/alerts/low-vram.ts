/** Little memory that a run could get, over minutes: what ComfyUI itself would give up is counted as free. */
import { DEVICE, OBTAINABLE, VRAM_LOG } from '../panel';
import type { AlertQuery } from './alert';

export const lowVram: AlertQuery = {
	name: 'low-vram',
	title: 'Low VRAM',
	log: 'vram_usage_log',
	sql: `
select ${DEVICE} as device,
	avg(${OBTAINABLE}::double precision / vram_total) as value
from ${VRAM_LOG}
where $__timeFilter(observed_at)
	and vram_total > 0
group by 1
order by 1
`,
	fires: 'below',
	threshold: 0.1,
	rangeSeconds: 600,
	holdsFor: '5m',
	severity: 'warning',
	summary:
		'A run can get only {{ humanizePercentage $values.A.Value }} of the VRAM of {{ $labels.device }}.',
	description:
		'Another program holds the memory, or models do not leave it. Look at the processes of that GPU; Manage Models > Free VRAM unloads what ComfyUI holds.',
};

/** Servers that answered within the last day and do not any more, or that nobody reads any more. */
import { VRAM_LOG } from '../panel';
import type { AlertQuery } from './alert';

export const serverGone: AlertQuery = {
	name: 'server-gone',
	title: 'Server gone',
	log: 'vram_usage_log',
	sql: `
select server,
	extract(epoch from $__timeTo()::timestamptz - max(observed_at) filter (where reachable))::double precision as value
from ${VRAM_LOG}
where $__timeFilter(observed_at)
group by 1
having bool_or(reachable)
order by 1
`,
	fires: 'above',
	threshold: 900,
	rangeSeconds: 86_400,
	holdsFor: '0s',
	severity: 'critical',
	summary: '{{ $labels.server }} has not answered for {{ humanizeDuration $values.A.Value }}.',
	description:
		'Look whether the machine and ComfyUI run. If every server is gone at once, the VRAM monitor itself has stopped. A reading at least every five minutes is expected.',
};

/** What can be chosen in a dashboard: the names that the logs of the range hold. */
import type { PanelVariable } from './macros';
import { USAGE_LOG, VRAM_LOG } from './panel';

const namesIn = (table: string, column: string, time: string): string => `
select distinct ${column} as name
from ${table}
where $__timeFilter(${time})
	and ${column} is not null
order by 1
limit 1000
`;

export const VARIABLE_QUERIES: Record<PanelVariable, string> = {
	// also of servers that were only read, never used
	server: namesIn(VRAM_LOG, 'server', 'observed_at').replace(
		'order by',
		`union
select distinct server
from ${USAGE_LOG}
where $__timeFilter(created_at)
	and server is not null
order by`,
	),
	model: namesIn(USAGE_LOG, 'model_name', 'created_at'),
	user: namesIn(USAGE_LOG, 'user_id', 'created_at'),
	purpose: namesIn(USAGE_LOG, 'purpose', 'created_at'),
};

/** Requests that were refused, by the code of why and purpose. */
import { USAGE_LOG, USAGE_IN_RANGE, type PanelQuery } from './panel';

export const refusals: PanelQuery = {
	name: 'refusals',
	log: 'model_usage_log',
	format: 'table',
	sql: `
select coalesce(error_code, '(none)') as code,
	coalesce(purpose, '(none)') as purpose,
	count(*) as requests,
	max(created_at) as last_at
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
	and status = 'rejected'
group by 1, 2
order by requests desc, 1, 2
limit 50`,
};

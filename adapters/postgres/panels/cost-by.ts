/** Cost and images by what a run was of or for, the dearest first; at most 50. */
import { USAGE_LOG, USAGE_IN_RANGE, COSTS, DEAREST_FIRST, IMAGES, type PanelQuery } from './panel';

/** @param column of the usage log, shown under the label's name */
function costBy(label: string, column: string): PanelQuery {
	return {
		name: `cost-by-${label}`,
		log: 'model_usage_log',
		format: 'table',
		sql: `
select coalesce(${column}, '(none)') as ${label},
	${IMAGES} as images,
	${COSTS}
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
	and status <> 'rejected'
group by 1
order by ${DEAREST_FIRST}, 1
limit 50`,
	};
}

export const costByModel = costBy('model', 'model_name');
export const costByPurpose = costBy('purpose', 'purpose');
export const costByUser = costBy('user', 'user_id');

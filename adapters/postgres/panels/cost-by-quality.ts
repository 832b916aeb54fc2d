/** What an image costs at each level of quality, in steps of a tenth; failed attempts are part of the price. */
import { USAGE_LOG, USAGE_IN_RANGE, COSTS, IMAGES, type PanelQuery } from './panel';

export const costByQuality: PanelQuery = {
	name: 'cost-by-quality',
	log: 'model_usage_log',
	format: 'table',
	sql: `
select floor(least(quality_estimated, 0.999) * 10) / 10 as quality,
	${IMAGES} as images,
	${COSTS}
from ${USAGE_LOG}
where ${USAGE_IN_RANGE}
	and quality_estimated is not null
	and status <> 'rejected'
group by 1
order by 1`,
};

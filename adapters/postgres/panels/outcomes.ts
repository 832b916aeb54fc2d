/** How attempts ended, by status. */
import { bucket, runsFirst, type PanelQuery } from './panel';

export const outcomes: PanelQuery = {
	name: 'outcomes',
	log: 'model_usage_log',
	format: 'time_series',
	sql: `
select "time",
	metric,
	count(*) as value
from ${runsFirst(`${bucket('created_at')} as "time", status as metric`, 'true')}
group by 1, 2
order by 1, 2`,
};

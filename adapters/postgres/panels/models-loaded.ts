/** When another model became resident on a server, as annotations over its VRAM. */
import { FIRST_DEVICE, VRAM_LOG, VRAM_IN_RANGE, type PanelQuery } from './panel';

export const modelsLoaded: PanelQuery = {
	name: 'models-loaded',
	log: 'vram_usage_log',
	format: 'table',
	sql: `
select observed_at as "time",
	server || ': ' || coalesce(loaded_model, 'nothing known') as text,
	server as tags
from (
	select observed_at, server, loaded_model,
		lag(loaded_model) over readings as before,
		row_number() over readings as number
	from ${VRAM_LOG}
	where ${VRAM_IN_RANGE}
		and reachable
		and ${FIRST_DEVICE}
	window readings as (partition by server order by observed_at)
) changes
where number > 1
	and loaded_model is distinct from before
order by observed_at desc
limit 500`,
};

/** The model resident on each server most of each time bucket. */
import { bucket, FIRST_DEVICE, type PanelQuery, VRAM_IN_RANGE, VRAM_LOG } from './panel';

export const residentModels: PanelQuery = {
	name: 'resident-models',
	log: 'vram_usage_log',
	format: 'table',
	sql: `
select distinct on ("time", server) "time",
	server as metric,
	model as value
from (
	select ${bucket('observed_at')} as "time",
		server,
		loaded_model as model,
		count(*) as readings
	from ${VRAM_LOG}
	where ${VRAM_IN_RANGE}
		and loaded_model is not null
		and ${FIRST_DEVICE}
	group by 1, 2, 3
) counted
order by "time", server, readings desc, model
`,
};

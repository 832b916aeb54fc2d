/**
 * When another model became resident on a server, as annotations over its VRAM: the newest 500 changes.
 *
 * A change is told by a reading and the one before it on its server, and putting all readings of a range in that order
 * costs many times what counting them does. So they are first taken together in spans of ten minutes. One with the same
 * model throughout stands for itself; only those in which the model changed are read again, and of these only the newest
 * that hold as many changes as are shown.
 */
import { FIRST_DEVICE, VRAM_LOG, VRAM_IN_RANGE, type PanelQuery } from './panel';

const MOST = 500;
const SPAN = `interval '10 minutes'`;
/** No model known is a value of its own, which no name is. */
const MODEL = `coalesce('=' || loaded_model, '')`;
const READINGS = `from ${VRAM_LOG}
		where ${VRAM_IN_RANGE}
			and reachable
			and ${FIRST_DEVICE}`;

export const modelsLoaded: PanelQuery = {
	name: 'models-loaded',
	log: 'vram_usage_log',
	format: 'table',
	sql: `
with spans as (
	select server, begins, min(observed_at) as first_at, min(model) as least, max(model) as most
	from (
		select server, observed_at, ${MODEL} as model,
			date_bin(${SPAN}, observed_at, timestamptz 'epoch') as begins
		${READINGS}
		offset 0
	) readings
	group by 1, 2
), oldest as (
	select case when count(*) < ${MOST} then '-infinity' else min(begins) end as begins
	from (select begins from spans where least <> most order by begins desc limit ${MOST}) changing
), chosen as (
	select server, spans.begins, first_at, least, most
	from (
		select *, lead(begins) over (partition by server order by begins) as next_begins
		from spans
	) spans
	join oldest on spans.begins >= oldest.begins or next_begins >= oldest.begins
), readings as (
	select server, first_at as observed_at, most as model
	from chosen
	where least = most
	union all
	select chosen.server, inside.observed_at, inside.model
	from chosen
	cross join lateral (
		select observed_at, ${MODEL} as model
		${READINGS}
			and server = chosen.server
			and observed_at >= chosen.begins
			and observed_at < chosen.begins + ${SPAN}
		offset 0
	) inside
	where least <> most
)
select observed_at as "time",
	server || ': ' || case when model = '' then 'nothing known' else substr(model, 2) end as text,
	server as tags
from (
	select *, lag(model) over (partition by server order by observed_at) as before
	from readings
) changes
where model <> before
order by observed_at desc
limit ${MOST}`,
};

/** What people thought of results, by model and purpose: mean rating (0 to 1) with its 90 % interval, and preferences. */
import { type PanelQuery } from './panel';

export const feedback: PanelQuery = {
	name: 'feedback',
	log: 'model_feedback',
	format: 'table',
	// Wilson's interval: within 0 to 1, and wide where opinions are few. Ratings between the ends vary less than thumbs,
	// so it is rather too wide than too narrow
	sql: `
select model, purpose, ratings, rating,
	greatest(0, (rating + 1.353 / nullif(ratings, 0) - width) / (1 + 2.706 / nullif(ratings, 0))) as low,
	least(1, (rating + 1.353 / nullif(ratings, 0) + width) / (1 + 2.706 / nullif(ratings, 0))) as high,
	preferred, not_preferred
from (
	select *, 1.645 * sqrt(rating * (1 - rating) / nullif(ratings, 0) + 0.6765 / nullif(ratings * ratings, 0)) as width
	from (
		select model, purpose,
			count(rating)::double precision as ratings,
			avg(rating) as rating,
			count(*) filter (where side = 'preferred') as preferred,
			count(*) filter (where side = 'not preferred') as not_preferred
		from (
			select model_name as model, purpose, rating, case when kind = 'preference' then 'preferred' end as side
			from "\${schema:raw}".model_feedback
			where $__timeFilter(created_at)
			union all
			select other_model_name, purpose, null, 'not preferred'
			from "\${schema:raw}".model_feedback
			where $__timeFilter(created_at)
				and kind = 'preference'
		) opinions
		where ('*' in (\${model:sqlstring}) or model in (\${model:sqlstring}))
			and ('*' in (\${purpose:sqlstring}) or purpose in (\${purpose:sqlstring}))
		group by 1, 2
	) means
) intervals
order by model, purpose
`,
};

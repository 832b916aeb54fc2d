/** How much of every quota of the running periods is taken, used and reserved, the fullest first. */
import type { PanelQuery } from './panel';

/** One row for each limited amount of each account. */
export const QUOTA_SHARES = `select subject_kind || ' ' || subject as subject,
		period,
		amount,
		taken::double precision as taken,
		allowed::double precision as allowed,
		case when allowed > 0 then (taken / allowed)::double precision else 1 end as share,
		resets_at
	from "\${schema:raw}".quota_status
	cross join lateral (values
		('images', (images_used + images_reserved)::numeric, images_limit::numeric),
		('gpu_seconds', gpu_seconds_used + gpu_seconds_reserved, gpu_seconds_limit),
		('cost', cost_used + cost_reserved, cost_limit)
	) amounts (amount, taken, allowed)
	where allowed is not null`;

export const quotas: PanelQuery = {
	name: 'quotas',
	log: 'quota_account',
	format: 'table',
	sql: `
select subject, period, amount, taken, allowed, share, resets_at
from (
	${QUOTA_SHARES}
) shares
order by share desc, subject, period, amount
limit 50
`,
};

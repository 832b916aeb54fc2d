/** Quotas of which little is left before their period ends. */
import { QUOTA_SHARES } from '../quotas';
import type { AlertQuery } from './alert';

export const budgetNearlySpent: AlertQuery = {
	name: 'budget-nearly-spent',
	title: 'Budget nearly spent',
	log: 'quota_account',
	sql: `
select subject, period, amount, share as value
from (
	${QUOTA_SHARES}
) shares
order by 1, 2, 3
`,
	fires: 'above',
	threshold: 0.9,
	rangeSeconds: 3600,
	holdsFor: '0s',
	severity: 'warning',
	summary:
		'{{ $labels.subject }} has taken {{ humanizePercentage $values.A.Value }} of the {{ $labels.amount }} of this {{ $labels.period }}.',
	description:
		'When it is used up, requests are refused or served with less quality, as the quota says, until the period ends. Raise the limit, or look at what asks for so much.',
};

/** What people may take of the fleet, and what they thought of its images. Both are tables: they are read by name. */
import type { QuotaRow } from '../../lib/usage-report';
import type { Card } from '../card';
import type { ReportContext } from '../context';
import { formatCount, formatMoment, formatMoney, formatRatio, formatSeconds } from '../format';

const figures = true;

export function peopleCards(context: ReportContext): Card[] {
	return [quotas(context), feedback(context)];
}

/** Quotas of cost are money whatever the servers' prices are: GPU seconds have limits of their own. */
function quotas({ data, currency }: ReportContext): Card {
	const amountOf = (amount: QuotaRow['amount'], value: number): string => {
		if (amount === 'cost') return formatMoney(value, currency);
		return amount === 'images' ? `${formatCount(value)} images` : `GPU ${formatSeconds(value)}`;
	};
	return {
		id: 'quotas',
		title: 'Quotas',
		text: 'Of the running periods, used and reserved, the fullest first.',
		span: 6,
		draw: null,
		empty:
			data.quotas === null
				? 'Not shown: this role may not read quota_status.'
				: 'No quota has a running period.',
		columns: [
			{ name: 'Of' },
			{ name: 'Per' },
			{ name: 'Taken', figures },
			{ name: 'Limit', figures },
			{ name: 'Share', figures },
			{ name: 'Resets (UTC)', figures },
		],
		rows: (data.quotas ?? []).map(
			({ subject, period, amount, taken, allowed, share, resetsAt }) => [
				subject,
				period,
				amountOf(amount, taken),
				amountOf(amount, allowed),
				formatRatio(share),
				formatMoment(resetsAt.getTime()),
			],
		),
	};
}

function feedback({ data }: ReportContext): Card {
	return {
		id: 'feedback',
		title: 'Feedback',
		text: 'Mean rating with its 90 % interval, and preferences between two images.',
		span: 6,
		draw: null,
		empty:
			data.feedback === null
				? 'Not shown: this role may not read model_feedback.'
				: 'No feedback in this time.',
		columns: [
			{ name: 'Model' },
			{ name: 'Purpose' },
			{ name: 'Rating', figures },
			{ name: '90 % interval', figures },
			{ name: 'Ratings', figures },
			{ name: 'Preferred', figures },
			{ name: 'Not preferred', figures },
		],
		rows: (data.feedback ?? []).map((row) => [
			row.model,
			row.purpose,
			formatRatio(row.rating),
			row.low === null ? '–' : `${formatRatio(row.low)} to ${formatRatio(row.high)}`,
			formatCount(row.ratings),
			formatCount(row.preferred),
			formatCount(row.notPreferred),
		]),
	};
}

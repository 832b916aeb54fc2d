/** What is left of limits, as the router is told. Never negative: a run that took more than planned leaves nothing. */
import type { QuotaState } from '../selection/types';
import { EVERYBODY, type QuotaAccount, type QuotaAmounts } from './types';

/** A ledger's sums come back as floating point: this much is not a difference. */
const GRAIN = 1e-9;

export function quotaStateOf(account: QuotaAccount): QuotaState {
	return {
		user_id: account.user_id,
		...leftOf('images_left', account.images, account.images_taken),
		...leftOf('gpu_seconds_left', account.gpu_seconds, account.gpu_seconds_taken),
		...leftOf('cost_left', account.cost, account.cost_taken),
		resets_at: account.resets_at,
		mode: account.mode,
		limit: limitName(account),
	};
}

function leftOf(name: string, limit: number | null, taken: number): Record<string, number> {
	return limit === null ? {} : { [name]: Math.max(0, limit - taken) };
}

/** "daily quota of group studio", for sentences. */
export function limitName({
	subject_kind: kind,
	subject,
	period,
}: Pick<QuotaAccount, 'subject_kind' | 'subject' | 'period'>): string {
	const span = { hour: 'hourly', day: 'daily', week: 'weekly', month: 'monthly' }[period];
	if (kind === 'group') {
		return subject === EVERYBODY
			? `${span} quota of all users`
			: `${span} quota of group "${subject}"`;
	}
	return subject === ''
		? `${span} quota of jobs without a user`
		: `${span} quota of user "${subject}"`;
}

/** True where the amounts fit in what is left. */
export function fitsQuota(state: QuotaState, { images, gpuSeconds, cost }: QuotaAmounts): boolean {
	return (
		fits(state.images_left, images) &&
		fits(state.gpu_seconds_left, gpuSeconds) &&
		fits(state.cost_left, cost)
	);
}

function fits(left: number | null | undefined, wanted: number): boolean {
	return left == null || wanted <= left + GRAIN;
}

/** The states after a job of this user has taken its amounts. For decisions in a row without a ledger. */
export function afterTaking(
	states: readonly QuotaState[],
	userId: string,
	amounts: QuotaAmounts,
): QuotaState[] {
	return states.map((state) =>
		state.user_id === userId
			? {
					...state,
					...less('images_left', state.images_left, amounts.images),
					...less('gpu_seconds_left', state.gpu_seconds_left, amounts.gpuSeconds),
					...less('cost_left', state.cost_left, amounts.cost),
				}
			: state,
	);
}

function less(
	name: string,
	left: number | null | undefined,
	taken: number,
): Record<string, number> {
	return left == null ? {} : { [name]: Math.max(0, left - taken) };
}

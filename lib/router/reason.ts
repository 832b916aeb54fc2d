/** Sentences that explain a choice. Owns wording; the figures come from the candidates. */
import { formatGb, formatSeconds } from '../units';
import { type Candidate, candidateName } from './candidate';
import type { Choice } from './policy';
import { missSentence, type QuotaMiss, quotaName } from './quota-filter';
import type { UnderstoodRequest } from './understood-request';

/** "98 %", never a rounded-up certainty. */
export function formatPercent(ratio: number): string {
	if (ratio >= 1) return '100 %';
	if (ratio > 0.99) return '> 99 %';
	if (ratio < 0.01) return '< 1 %';
	return `${Math.round(ratio * 100)} %`;
}

export function formatCost(candidate: Candidate): string {
	return candidate.costUnit === 'gpu_seconds'
		? `${Number(candidate.cost.toPrecision(3))} GPU seconds`
		: `${Number(candidate.cost.toPrecision(3))} ${candidate.costUnit}`;
}

function ruleSentence(candidate: Candidate, choice: Choice, asked: UnderstoodRequest): string {
	const { rule, eligible, explored } = choice;
	const deadline = formatSeconds(Math.max(0, asked.deadlineSeconds));
	const certain = `finish within ${deadline} with at least ${formatPercent(asked.onTimeTarget)} probability`;
	const among =
		eligible === 1
			? `, the only candidate to ${certain}`
			: ` of ${eligible} candidates that ${certain}`;
	const chance = formatPercent(candidate.onTime);
	if (explored !== undefined) {
		const probability = Number((100 * explored).toPrecision(2));
		return `tried in order to learn about it, with a probability of ${probability} %${among} (${chance})`;
	}
	switch (rule) {
		case 'best_quality':
			return `best quality (${candidate.quality.toFixed(2)})${among} (${chance})`;
		case 'cheapest':
			return `cheapest (${formatCost(candidate)})${among} (${chance})`;
		case 'most_certain':
			return `best quality (${candidate.quality.toFixed(2)}) of the ${eligible === 1 ? 'most certain candidate' : `${eligible} most certain candidates`} to finish within ${deadline} (${chance})`;
		case 'best_effort':
			return `nothing would ${certain}; this one brings the most for its GPU time (quality ${candidate.quality.toFixed(2)}, ${chance} to be on time)`;
		case 'earliest':
			return `nothing finishes within ${deadline}; this one finishes first`;
	}
}

function timeSentence(candidate: Candidate): string {
	const { server, loadSeconds, runSeconds } = candidate;
	const { coldStartSeconds: start, waitMean } = server;
	const waking = start > 0 ? `${formatSeconds(start)} until the server has started, ` : '';
	const passed = server.passes?.count ?? 0;
	const before =
		passed === 0 ? '' : ` before ${passed} job${passed === 1 ? '' : 's'} that can wait`;
	const queue =
		waitMean > start || passed > 0
			? `${formatSeconds(waitMean - start)} in the queue${before}, `
			: '';
	const load =
		loadSeconds > 0 ? `${formatSeconds(loadSeconds)} to load the model` : 'model already in VRAM';
	return `expected in ${formatSeconds(candidate.p50)} (${waking}${queue}${load}, ${formatSeconds(runSeconds)} to run)`;
}

/** One sentence (or two) a person understands, with the numbers. */
export function selectionReason(
	candidate: Candidate,
	choice: Choice,
	asked: UnderstoodRequest,
	price: number,
	degraded: boolean,
): string {
	const parts = [
		`${candidateName(candidate)}: ${ruleSentence(candidate, choice, asked)}`,
		timeSentence(candidate),
		`needs ${formatGb(candidate.peakBytes)} of ${formatGb(candidate.server.availableBytes ?? 0)} VRAM`,
		`costs ${formatCost(candidate)}`,
	];
	let text = `${parts.join('; ')}.`;
	if (candidate.onTime < 0.5) text += ' It will probably be late.';
	if (candidate.offloaded) text += ' Weights are paged in and out, which slows it down.';
	if (degraded && price > 0)
		text += ' Lighter than on an idle fleet, because the load makes GPU time dear.';
	else if (degraded) text += ' Lighter than on an idle fleet, because of what is queued.';
	if (candidate.plan.negativeIgnored) {
		text += ` The negative prompt has no effect at cfg ${candidate.plan.cfg} on this model.`;
	}
	return text;
}

/** Why no more than the cheapest was allowed. */
export function quotaReason(miss: QuotaMiss): string {
	const { resets_at: resetsAt } = miss.state;
	const until = resetsAt == null ? '' : `; it resets at ${resetsAt}`;
	return `The cheapest that fits, because the ${quotaName(miss.state)} does not cover the best (${missSentence(miss)})${until}.`;
}

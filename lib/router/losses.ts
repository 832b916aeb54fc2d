/** Why a candidate lost against the chosen one: the code from the columns, the sentence only for what is shown. */
import type { ReasonCode } from '../selection/types';
import { formatGb, formatSeconds } from '../units';
import type { Candidate, CandidateTable } from './candidate';
import type { Choice } from './policy';
import { formatCost, formatPercent } from './reason';

/** The first respect, in the order of the rule that decided, in which the row is worse than the chosen one. */
export function lossCode(table: CandidateTable, row: number, choice: Choice): ReasonCode {
	const { onTime, p50, comparableCost } = table.asIs;
	const best = choice.row;
	if (value(onTime, row) < choice.threshold) return 'LATE';
	const dearer = value(comparableCost, row) > value(comparableCost, best);
	const slower = value(p50, row) > value(p50, best);
	if (choice.rule === 'cheapest' && dearer) return 'DEARER';
	if (choice.rule === 'earliest' && slower) return 'SLOWER';
	const quality = value(table.quality, row) - value(table.quality, best);
	if (quality > 0 && table.tight[row] === 1 && table.tight[best] === 0) return 'VRAM';
	if (quality > 0) return 'LOAD_PRICE';
	if (quality < 0) return 'LESS_QUALITY';
	if (dearer && choice.rule !== 'most_certain') return 'DEARER';
	if (slower) return 'SLOWER';
	return dearer ? 'DEARER' : 'TIE';
}

function value(column: number[], row: number): number {
	return column[row] as number;
}

/** One sentence with the numbers. */
export function lossReason(code: ReasonCode, candidate: Candidate, best: Candidate): string {
	const [own, other] = [candidate.quality.toFixed(2), best.quality.toFixed(2)];
	const quality = own === other ? 'equal quality' : `quality ${own} instead of ${other}`;
	switch (code) {
		case 'LATE':
			return `On time with ${formatPercent(candidate.onTime)} instead of ${formatPercent(best.onTime)} (expected in ${formatSeconds(candidate.p50)}).`;
		case 'LOAD_PRICE':
			return `Better (${quality}), but takes ${formatSeconds(candidate.gpuSeconds)} of GPU time instead of ${formatSeconds(best.gpuSeconds)}, which other jobs need more.`;
		case 'VRAM':
			return `Better (${quality}), but needs ${formatGb(candidate.peakBytes)} of ${formatGb(candidate.server.availableBytes ?? 0)} VRAM, which fits only if the figure is exact.`;
		case 'LESS_QUALITY':
			return `Has ${quality}.`;
		case 'DEARER':
			return `Costs ${formatCost(candidate)} instead of ${formatCost(best)} (${quality}).`;
		case 'SLOWER':
			return `Expected in ${formatSeconds(candidate.p50)} instead of ${formatSeconds(best.p50)}.`;
		default:
			return 'Equal in everything; the first by name was taken.';
	}
}

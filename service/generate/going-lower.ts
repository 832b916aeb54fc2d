/** Puts the pure decisions about going lower to a job: at its turn, and while it runs. Owns what they are asked with. */
import {
	ladderFor,
	predictiveRung,
	reactiveDecision,
	type Rung,
	selectionOfRung,
	type SizeRungs,
} from '../../lib/degradation';
import { DEFAULT_URGENCIES } from '../../lib/catalog/defaults';
import type { FleetSnapshot } from '../../lib/fleet/types';
import type { Clock } from '../../lib/ports';
import type { SelectedDecision } from '../../lib/selection/types';
import { formatSeconds } from '../../lib/units';
import type { Claim } from './claims';
import type { WaitingRoom } from './waiting-room';

/** What is to be run, and what was given up for it. */
export interface Way {
	selection: SelectedDecision;
	upscaleTo: Rung['upscaleTo'];
	rung: { kind: Rung['kind']; name: string } | null;
}

export type Reaction = { action: 'restart'; way: Way } | { action: 'stop' };

export interface LoweringJob {
	/** With absolute deadline, as the room has it. */
	request: Record<string, unknown>;
	deadlineMs: number;
	rejectLate: boolean;
	size: SizeRungs;
}

/** Steps come many a second; ladders are made this often at most. */
const LADDER_EVERY_MS = 400;

export function asSelected(selection: SelectedDecision): Way {
	return { selection, upscaleTo: null, rung: null };
}

export class GoingLower {
	private restarts = 0;
	private lastLadderMs = -Infinity;

	constructor(
		private readonly room: WaitingRoom,
		private readonly clock: Clock,
		private readonly job: LoweringJob,
	) {}

	/** At the job's turn, with what is known now. */
	atItsTurn(selection: SelectedDecision, fleet: FleetSnapshot): Way {
		const target = this.target(selection);
		const chance = selection.estimate.on_time_probability;
		if (chance >= target) return asSelected(selection);
		const ladder = this.ladder(selection, fleet, selection.server);
		const rung = predictiveRung(ladder, target);
		if (rung === ladder[0] || rung.onTimeProbability <= chance) return asSelected(selection);
		const left = formatSeconds(Math.max(0, (this.job.deadlineMs - this.clock.nowMs()) / 1000));
		return this.wayOf(
			rung,
			`${left} are left, and it would be on time with ${percent(chance)}`,
			selection,
		);
	}

	/** After a step. null: go on. */
	whileRunning(way: Way, claim: Claim): Reaction | null {
		const now = this.clock.nowMs();
		const { selection } = way;
		const known = {
			observations: claim.observations,
			nowMs: now,
			deadlineMs: this.job.deadlineMs,
			tailSeconds: claim.tailSeconds,
			expectedStepSeconds: expectedStepSeconds(selection),
			server: selection.server,
			modelName: selection.model_name,
			restarts: this.restarts,
			rejectLate: this.job.rejectLate,
		};
		const first = reactiveDecision({ ...known, rejectLate: true, lower: [] });
		if (first.action === 'continue' || now - this.lastLadderMs < LADDER_EVERY_MS) return null;
		this.lastLadderMs = now;
		const fleet = this.asIfStopped(claim);
		const [, ...lower] = this.ladder(selection, fleet);
		const decision = reactiveDecision({ ...known, lower });
		if (decision.action === 'continue') return null;
		if (decision.action === 'stop') return { action: 'stop' };
		this.restarts += 1;
		const late = formatSeconds((decision.endsMs - this.job.deadlineMs) / 1000);
		const why = `${formatSeconds(decision.secondsPerStep)} per step would have made it ${late} late`;
		return { action: 'restart', way: this.wayOf(decision.rung, why, selection) };
	}

	private ladder(selection: SelectedDecision, fleet: FleetSnapshot, onlyServer?: string): Rung[] {
		// what is reserved for the job covers less than it, too
		const decision = { ...this.room.selectOptions(), quotas: undefined };
		const options = { ...decision, size: this.job.size, onlyServer };
		return ladderFor(this.room.router, this.job.request, selection, fleet, options);
	}

	/** The fleet if this job were taken off its server, whose model then is in memory. */
	private asIfStopped(claim: Claim): FleetSnapshot {
		const fleet = this.room.view.current(claim);
		return {
			servers: fleet.servers.map((server) =>
				server.name === claim.server
					? { ...server, loaded_model: claim.selection.model_name }
					: server,
			),
		};
	}

	private wayOf(rung: Rung, why: string, from: SelectedDecision): Way {
		return {
			selection: selectionOfRung(rung, why, from),
			upscaleTo: rung.upscaleTo,
			rung: { kind: rung.kind, name: rung.name },
		};
	}

	private target({ request }: SelectedDecision): number {
		const urgencies = { ...DEFAULT_URGENCIES, ...this.room.router.catalog.urgency };
		return urgencies[request.urgency]?.on_time_probability ?? 0.9;
	}
}

function expectedStepSeconds({ estimate, parameters }: SelectedDecision): number {
	return estimate.run_seconds / Math.max(1, parameters.steps);
}

function percent(ratio: number): string {
	return `${Math.round(ratio * 100)} % probability`;
}

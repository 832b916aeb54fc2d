/**
 * SwarmUI's BackendHandler: a job takes an idle backend that has the right model; else models gather pressure
 * (waiting jobs x 10 + seconds since the first of them asked) and the highest may load on an idle backend
 * after 1.5 s. The user chose the model: the best one.
 */
import type { JobCandidate } from '../candidates';
import type {
	DispatchDecision,
	FleetView,
	PendingJob,
	PolicyDefinition,
	ServerView,
} from '../types';
import { best, bestCandidate, canServe } from './options';

/** Of SwarmUI's source. */
const PRESSURE_PER_JOB = 10;
const SECONDS_BEFORE_LOAD = 1.5;

interface Wish {
	job: PendingJob;
	candidate: JobCandidate;
}

export const swarmUi: PolicyDefinition = {
	name: 'swarmui',
	summary:
		'SwarmUI: idle backend with the right model first, else the model under most pressure loads.',
	knows: 'beliefs',
	learns: false,
	create: () => ({ kind: 'late', dispatch }),
};

function dispatch(waiting: readonly PendingJob[], view: FleetView): DispatchDecision {
	const start: DispatchDecision['start'] = [];
	const refuse: PendingJob[] = [];
	const idle = new Set(
		view.servers.filter((server) => server.reachable && server.jobs.length === 0),
	);
	let left: Wish[] = [];
	for (const job of waiting) {
		const candidate = bestCandidate(job, view);
		if (candidate) left.push({ job, candidate });
		else refuse.push(job);
	}
	const assign = (wish: Wish, server: ServerView): void => {
		idle.delete(server);
		left = left.filter((entry) => entry !== wish);
		start.push({
			job: wish.job,
			placement: { candidate: wish.candidate, serverIndex: server.index },
		});
	};
	for (const wish of [...left]) {
		const warm = [...idle].find(
			(server) =>
				server.weightsAfterQueue === wish.candidate.weightsKey &&
				canServe(server, wish.candidate, wish.job, view),
		);
		if (warm) assign(wish, warm);
	}
	loadUnderPressure(() => left, idle, view, assign);
	const waits = left.length > 0 && idle.size > 0;
	return { start, refuse, ...(waits ? { wakeInSeconds: 0.5 } : {}) };
}

function loadUnderPressure(
	left: () => readonly Wish[],
	idle: ReadonlySet<ServerView>,
	view: FleetView,
	assign: (wish: Wish, server: ServerView) => void,
): void {
	const tried = new Set<string>();
	for (;;) {
		const ripe = ripeModels(left(), view.nowSeconds).filter((entry) => !tried.has(entry.model));
		const next = best(ripe, (entry) => entry.pressure);
		if (!next || idle.size === 0) return;
		tried.add(next.model);
		const server = [...idle].find((entry) =>
			canServe(entry, next.first.candidate, next.first.job, view),
		);
		if (server) assign(next.first, server);
	}
}

function ripeModels(
	left: readonly Wish[],
	nowSeconds: number,
): { model: string; pressure: number; first: Wish }[] {
	const models = new Map<string, Wish[]>();
	for (const wish of left) {
		const name = wish.candidate.model.name;
		models.set(name, [...(models.get(name) ?? []), wish]);
	}
	return [...models].flatMap(([model, wishes]) => {
		const first = wishes[0] as Wish;
		const seconds = nowSeconds - Math.min(...wishes.map((wish) => wish.job.arrivedAtSeconds));
		const pressure = wishes.length * PRESSURE_PER_JOB + seconds;
		return seconds >= SECONDS_BEFORE_LOAD ? [{ model, pressure, first }] : [];
	});
}

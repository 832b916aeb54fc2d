/** What a baseline can choose from: candidates on servers with believed times. Chooses nothing itself. */
import { areInstalled } from '../../../lib/router/server-state';
import type { JobCandidate } from '../candidates';
import type { FleetView, PendingJob, ServerView } from '../types';

export interface Margins {
	/** Believed times are multiplied by this. */
	time: number;
	/** Believed peaks are multiplied by this. */
	vram: number;
}

export const NO_MARGINS: Margins = { time: 1, vram: 1 };

/** One way to run the job: seconds from now, by means. */
export interface Option {
	server: ServerView;
	candidate: JobCandidate;
	loadSeconds: number;
	runSeconds: number;
	finishSeconds: number;
}

/** True where the server is up, has room in its queue, the files and (by belief) the memory. */
export function canServe(
	server: ServerView,
	candidate: JobCandidate,
	job: PendingJob,
	view: FleetView,
	vramMargin = 1,
): boolean {
	if (!server.reachable || server.jobs.length >= (server.maxQueue ?? Infinity)) return false;
	if (!areInstalled(server.installedFiles, candidate.files)) return false;
	return view.figures.peakBytes(job, candidate, server.index) * vramMargin <= server.availableBytes;
}

export function optionOf(
	server: ServerView,
	candidate: JobCandidate,
	job: PendingJob,
	view: FleetView,
	timeMargin = 1,
): Option {
	const warm = server.weightsAfterQueue === candidate.weightsKey;
	const loadSeconds = warm ? 0 : view.figures.loadSeconds(job, candidate, server.index);
	const runSeconds = view.figures.runSeconds(job, candidate, server.index);
	const finishSeconds = (server.freeInSeconds + loadSeconds + runSeconds) * timeMargin;
	return { server, candidate, loadSeconds, runSeconds, finishSeconds };
}

/** Every candidate on every server that can serve it. */
export function optionsOf(
	job: PendingJob,
	view: FleetView,
	margins: Margins = NO_MARGINS,
): Option[] {
	const options: Option[] = [];
	for (const server of view.servers) {
		for (const candidate of view.candidates(job)) {
			if (!canServe(server, candidate, job, view, margins.vram)) continue;
			options.push(optionOf(server, candidate, job, view, margins.time));
		}
	}
	return options;
}

/** The item with the highest score; the first of equals. */
export function best<T>(items: readonly T[], score: (item: T) => number): T | null {
	let found: T | null = null;
	let highest = -Infinity;
	for (const item of items) {
		const value = score(item);
		if (value > highest) [found, highest] = [item, value];
	}
	return found;
}

/** Highest quality that some server can serve; among equals the fastest. */
export function bestCandidate(job: PendingJob, view: FleetView): JobCandidate | null {
	const usable = usableCandidates(job, view);
	return best(usable, (candidate) => candidate.quality - candidate.runSeconds * 1e-9);
}

/** Shortest run that some server can serve. */
export function fastestCandidate(job: PendingJob, view: FleetView): JobCandidate | null {
	return best(usableCandidates(job, view), (candidate) => -candidate.runSeconds);
}

/** Candidates that at least one server can serve. */
export function usableCandidates(job: PendingJob, view: FleetView): JobCandidate[] {
	return view
		.candidates(job)
		.filter((candidate) => view.servers.some((server) => canServe(server, candidate, job, view)));
}

/** Servers that can serve this candidate. */
export function serversFor(
	candidate: JobCandidate,
	job: PendingJob,
	view: FleetView,
): ServerView[] {
	return view.servers.filter((server) => canServe(server, candidate, job, view));
}

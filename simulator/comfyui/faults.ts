/** What tests can make go wrong. Set by calls on the handle, never over HTTP. */

export type ResponseFault =
	| { kind: 'status'; status: number; body?: string; contentType?: string }
	/** What a login page or a proxy in between answers. */
	| { kind: 'html'; status?: number }
	/** Accepts and never answers. */
	| { kind: 'hang' }
	/** Answers rightly, but late. */
	| { kind: 'slow'; delayMs: number }
	/** Does the work late, whether anybody still waits for the answer: a proxy in between has the request. */
	| { kind: 'late'; delayMs: number }
	/** Does the work, then the answer is lost: the connection breaks. */
	| { kind: 'drop' };

export type OomFaultPhase = 'load' | 'sampling' | 'decode';

interface PathFault {
	path: string;
	method: string | null;
	fault: ResponseFault;
	left: number;
}

export interface FailureFault {
	exceptionType: string;
	message: string;
}

export class Faults {
	private readonly pathFaults: PathFault[] = [];
	private nextOom: OomFaultPhase[] = [];
	private readonly classOoms = new Map<string, OomFaultPhase>();
	private nextFailures: FailureFault[] = [];
	/** `/view` answers 404: the disk was full, the file is not there. */
	viewMissing = false;
	/** New WebSockets are refused. */
	refuseSockets = false;
	private dropTimer: NodeJS.Timeout | null = null;

	/** @param dropSockets closes all WebSockets abruptly */
	constructor(private readonly dropSockets: () => void) {}

	/** The next `times` (default 1) requests whose path starts with `path` (without `/api`) go wrong. */
	next(path: string, fault: ResponseFault, times = 1, method: string | null = null): void {
		this.pathFaults.push({ path, method, fault, left: times });
	}

	/** From now on, until `clear()`. */
	always(path: string, fault: ResponseFault, method: string | null = null): void {
		this.next(path, fault, Number.POSITIVE_INFINITY, method);
	}

	/** The next job that reaches this phase runs out of memory there. */
	oomNext(phase: OomFaultPhase): void {
		this.nextOom.push(phase);
	}

	/** Every run of this node class (or of this model, by its name) runs out of memory, until `clear()`. */
	oomFor(classOrModel: string, phase: OomFaultPhase): void {
		this.classOoms.set(classOrModel, phase);
	}

	/** The next job ends with an execution error of this kind at its first node that runs. */
	failNext(failure: FailureFault): void {
		this.nextFailures.push(failure);
	}

	/** null ends it. */
	dropSocketsEvery(ms: number | null): void {
		if (this.dropTimer) clearInterval(this.dropTimer);
		this.dropTimer = ms === null ? null : setInterval(this.dropSockets, ms);
		this.dropTimer?.unref();
	}

	clear(): void {
		this.pathFaults.length = 0;
		this.nextOom = [];
		this.classOoms.clear();
		this.nextFailures = [];
		this.viewMissing = false;
		this.refuseSockets = false;
		this.dropSocketsEvery(null);
	}

	/** For the server: the fault of this request, used up. */
	takeResponse(method: string, path: string): ResponseFault | null {
		const index = this.pathFaults.findIndex(
			(entry) => path.startsWith(entry.path) && (entry.method === null || entry.method === method),
		);
		const entry = this.pathFaults[index];
		if (!entry) return null;
		entry.left -= 1;
		if (entry.left <= 0) this.pathFaults.splice(index, 1);
		return entry.fault;
	}

	/** For the executor: whether memory runs out now. */
	takeOom(phase: OomFaultPhase, classType: string, modelName: string | null): boolean {
		if (this.classOoms.get(classType) === phase) return true;
		if (modelName !== null && this.classOoms.get(modelName) === phase) return true;
		const index = this.nextOom.indexOf(phase);
		if (index < 0) return false;
		this.nextOom.splice(index, 1);
		return true;
	}

	takeFailure(): FailureFault | null {
		return this.nextFailures.shift() ?? null;
	}
}

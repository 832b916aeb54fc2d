/** The options of a run, which are the same for all its items. */
import type { IExecuteFunctions } from 'n8n-workflow';

import type { GenerateOptions } from '../../service/generate';

/** As the collection Options has them; what was not added is not there. */
export interface Options {
	concurrency?: number;
	commitOnArrival?: boolean;
	explain?: boolean;
	ifAllFailed?: 'output' | 'stop';
	ifLate?: 'best_effort' | 'reject';
	imageFiles?: string;
	maskField?: string;
	maskFile?: string;
	outputField?: string;
	sizeRungs?: GenerateOptions['sizeRungs'];
	timeoutSeconds?: number;
	waitSeconds?: number;
}

export function readOptions(context: IExecuteFunctions, itemIndex = 0): Options {
	return context.getNodeParameter('options', itemIndex, {}) as Options;
}

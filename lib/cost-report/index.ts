/** What jobs really cost. Re-exports only. */
export { costReport } from './report';
export type * from './types';

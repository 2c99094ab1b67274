import { Catalogue1764000000000 } from './1764000000000-catalogue.js';

/** Every migration, oldest first. One that was released is never edited: a change is a new file here. */
export const migrations = [Catalogue1764000000000];

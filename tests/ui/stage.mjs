// One browser for a file of tests, and for each of its tests a stand-in server and a page of their own.

import {after, afterEach, before, beforeEach} from 'node:test';

import {launch, missing, visit} from './browser.mjs';
import {Mock} from './mock.mjs';

/** Before every test of this file, ENTER gets its {mock, page, context}; they are ended after the test. */
export function stage(enter) {
  let browser;
  let mock;
  let visitor;

  before(async () => {
    if (!missing) browser = await launch();
  });
  after(async () => browser?.close());

  beforeEach(async () => {
    if (missing) return;
    mock = await new Mock().start();
    visitor = await visit(browser, mock.url);
    enter({ mock, page: visitor.page, context: visitor.context });
  });
  afterEach(async () => {
    if (missing) return;
    try {
      await visitor.close();
    } finally {
      await mock.stop();
    }
  });
}

// What node has removed since the tests of old packages were written; loaded before them.
"use strict";

global.GLOBAL = global;

// What the scripts of the OVH clients share: what the journey tells them, waiting, and telling the journey.
"use strict";

const told = JSON.parse(process.argv[2]);

// Asks for a message until the carrier has told its end.
async function ended(ask) {
  for (let tries = 0; tries < 200; tries += 1) {
    const shown = await ask();
    if ([1, 2, 16].includes(shown.deliveryReceipt)) return shown;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the message did not end");
}

// Gives what a call is refused with.
async function refused(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("the call was not refused");
}

function tell(value) {
  process.stdout.write(JSON.stringify(value) + "\n");
}

function run(journey) {
  journey(told).then(tell).catch((error) => {
    process.stderr.write(`${error && error.stack ? error.stack : JSON.stringify(error)}\n`);
    process.exit(1);
  });
}

module.exports = { ended, refused, run, tell };

/** Prices of a configuration's deployments from the public price table. */
@NullMarked
package dev.signalbox.cli.prices;

import org.jspecify.annotations.NullMarked;

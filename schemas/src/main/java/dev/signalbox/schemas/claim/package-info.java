/**
 * Claim checks: bodies that are too large for a record are put into a store, and the record carries a reference.
 */
@NullMarked
package dev.signalbox.schemas.claim;

import org.jspecify.annotations.NullMarked;

/** What every process shows of itself over HTTP: health, metrics and pages for operators. */
@NullMarked
package dev.signalbox.config.admin;

import org.jspecify.annotations.NullMarked;

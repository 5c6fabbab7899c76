package accordwire.analysis;

import java.io.IOException;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.miscellaneous.StemmerOverrideFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;

/** Filters made from inline rules or patterns. Lists in files are not read: a template is self-contained. */
final class Words {

    private Words() {}

    static UnaryOperator<TokenStream> patternCapture(Parameters parameters) {
        boolean preserveOriginal = parameters.flag("preserve_original", true);
        Pattern[] patterns = parameters.list("patterns").stream().map(Pattern::compile).toArray(Pattern[]::new);
        return input -> new PatternCaptureGroupTokenFilter(input, preserveOriginal, patterns);
    }

    static UnaryOperator<TokenStream> stemmerOverride(Parameters parameters) throws IOException {
        var builder = new StemmerOverrideFilter.Builder(false);
        for (String rule : parameters.list("rules")) {
            addRule(rule, builder, parameters);
        }
        var rules = builder.build();
        return input -> new StemmerOverrideFilter(input, rules);
    }

    /** One line `form, form => stem`. */
    private static void addRule(String rule, StemmerOverrideFilter.Builder builder, Parameters parameters) {
        String[] sides = rule.split("=>", -1);
        String stem = sides.length == 2 ? sides[1].trim() : "";
        if (stem.isEmpty() || stem.contains(",")) {
            throw parameters.wrong("rule [" + rule + "] is not `form, form => stem`");
        }
        for (String form : sides[0].split(",", -1)) {
            if (form.isBlank()) {
                throw parameters.wrong("rule [" + rule + "] has an empty form");
            }
            builder.add(form.trim(), stem);
        }
    }
}

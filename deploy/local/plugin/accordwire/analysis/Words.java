package accordwire.analysis;

import java.io.IOException;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.miscellaneous.PatternKeywordMarkerFilter;
import org.apache.lucene.analysis.miscellaneous.SetKeywordMarkerFilter;
import org.apache.lucene.analysis.miscellaneous.StemmerOverrideFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.apache.lucene.analysis.util.ElisionFilter;

/** Filters made from inline word lists, rules or patterns. Lists in files are refused: a template is self-contained. */
final class Words {

    private Words() {}

    static UnaryOperator<TokenStream> elision(Parameters parameters) {
        var articles = new CharArraySet(parameters.list("articles"), parameters.flag("articles_case", false));
        return input -> new ElisionFilter(input, articles);
    }

    static UnaryOperator<TokenStream> keywordMarker(Parameters parameters) {
        String pattern = parameters.text("keywords_pattern", null);
        if (pattern == null) {
            var keywords = new CharArraySet(parameters.list("keywords"), parameters.flag("ignore_case", false));
            return input -> new SetKeywordMarkerFilter(input, keywords);
        }
        if (parameters.settings().hasValue("keywords")) {
            throw parameters.wrong("[keywords] and [keywords_pattern] exclude each other");
        }
        var compiled = Pattern.compile(pattern);
        return input -> new PatternKeywordMarkerFilter(input, compiled);
    }

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
        for (String form : List.of(sides[0].split(",", -1))) {
            if (form.isBlank()) {
                throw parameters.wrong("rule [" + rule + "] has an empty form");
            }
            builder.add(form.trim(), stem);
        }
    }
}

/* What a column's name says of its role. A name is cut into lower-case words at everything that is
 * no letter, where a capital follows a small letter, and between letters and digits, so that
 * "userId", "USER_ID" and "user-id" are the same; words are compared whole, so that "prepaid" is
 * not "pre". Trap avoided: words such as "group" say little; they count as weak, and not at all
 * beside a word of another kind ("age_group"). */
#include "check/audit.h"

#include <ctype.h>
#include <string.h>

typedef struct words {
    const char *strong, *weak; /* words between spaces */
} words;

static const words dictionary[UPI_WORDS] = {
    [UPI_WORD_ARM] = {" arm arms variant variation treatment treat assignment assigned "
                      "allocation allocated itt abtest randomised randomized ",
        " bucket group condition intervention cell exp experiment test ab split "
        "version intent to "},
    [UPI_WORD_TREATED] = {" treated received exposed exposure took takeup uptake "
                          "delivered complied actual ",
        " treatment arm variant got actually dose to "},
    [UPI_WORD_INSTRUMENT] = {" instrument invited invitation encouraged encouragement "
                             "nudged lottery ",
        " offer offered eligible iv "},
    [UPI_WORD_PROPENSITY] = {" propensity pscore ",
        " prob probability p assign assigned "
        "arm treatment score of "},
    [UPI_WORD_CLUSTER] = {" household family store shop city school village vill class "
                          "classroom team market dma company firm hospital clinic "
                          "cluster site zip zipcode district county ",
        " account branch region hub id num no "},
    [UPI_WORD_UNIT] = {" user customer shopper visitor member person subject patient "
                       "client player buyer student participant cookie unit guest "
                       "subscriber respondent individual userid customerid visitorid "
                       "subjectid uid pid sid ",
        " device session id key hash uuid guid num no "},
    [UPI_WORD_ID] = {" id uuid guid userid customerid visitorid subjectid uid pid sid "
                     "seqn ids ",
        " key hash code num number no "},
    [UPI_WORD_TIME] =
        {" week day date period month quarter timestamp datetime hour wave "
         "round ds dt ts ",
            " time year event at "},
    [UPI_WORD_ASSIGNED] = {" assigned assignment enrolled enrolment enrollment "
                           "randomised randomized allocated exposed exposure treated "
                           "treatment ",
        " start first "},
    [UPI_WORD_PRE] =
        {" pre before baseline prior previous hist history historical past "
         "initial lag lagged ",
            " last base bl "},
    [UPI_WORD_ATTRIBUTE] =
        {" age gender sex race ethnicity country region state device "
         "platform os browser language locale segment tier loyalty "
         "income education educ married marital tenure cohort "
         "birthplace birth birthday dob signup joined registered "
         "registration created economy season occupation nationality ",
            " plan male female city "},
    [UPI_WORD_OUTCOME] = {" sales revenue orders order conversion converted convert "
                          "purchase purchases purchased spend gmv profit margin "
                          "retention retained churn churned outcome metric y rating "
                          "nps "
                          "arpu bookings booked refund refunds earnings wage death "
                          "success ",
        " value amount score duration time count response result total clicks click "
        "clicked ctr views searches sessions visits minutes watch engagement latency "
        "returns "},
    [UPI_WORD_STRATA] = {" strata stratum ", " block blocks "},
    [UPI_WORD_WEIGHT] = {" weights pweight aweight ", " weight wt wgt sampling "},
    [UPI_WORD_AFTER] = {" post after during follow followup ", " d w "},
};

static bool
listed(const char *list, const char *word, size_t n)
{
    for (const char *at = list; (at = strstr(at, " ")) != NULL; at++) {
        if (strncmp(at + 1, word, n) == 0 && at[1 + n] == ' ') {
            return true;
        }
    }
    return false;
}

/* The kind of a byte: digits, capitals, other letters (also of other alphabets), the rest. */
static int
kind_of(unsigned char c)
{
    return isdigit(c) ? 1 : isupper(c) ? 2 : islower(c) || c >= 0x80 ? 3 : 0;
}

/* The next word from *at on, in lower case; its length, 0 at the end. */
static size_t
next_word(const char **at, char *out, size_t size)
{
    const char *s = *at;
    size_t n = 0;
    while (*s != '\0' && kind_of((unsigned char)*s) == 0) {
        s++;
    }
    int first = kind_of((unsigned char)*s);
    int last = first;
    for (; *s != '\0'; s++) {
        int kind = kind_of((unsigned char)*s);
        bool joins = kind == last || (last == 2 && kind == 3);
        bool apart = kind == 2 && last == 2 && kind_of((unsigned char)s[1]) == 3;
        if (kind == 0 || (n > 0 && (!joins || apart))) {
            break;
        }
        if (n + 1 < size) {
            out[n++] = (char)tolower((unsigned char)*s);
        }
        last = kind;
    }
    out[n] = '\0';
    *at = s;
    return n;
}

int
upi_name_fit(const char *name, upi_word kind)
{
    const words *w = &dictionary[kind];
    char word[48];
    size_t n = 0;
    bool strong = false;
    bool weak = false;
    bool all = true;
    for (const char *at = name; (n = next_word(&at, word, sizeof word)) > 0;) {
        bool s = listed(w->strong, word, n);
        bool k = listed(w->weak, word, n);
        strong = strong || s;
        weak = weak || k;
        all = all && (s || k || isdigit((unsigned char)word[0]));
    }
    return strong ? (all ? 3 : 2) : weak ? (all ? 2 : 1) : 0;
}

bool
upi_name_ends_in_id(const char *name)
{
    char word[48];
    bool last = false;
    for (const char *at = name; next_word(&at, word, sizeof word) > 0;) {
        last = listed(dictionary[UPI_WORD_ID].strong, word, strlen(word));
    }
    return last;
}

bool
upi_label_of_arm(const char *label)
{
    static const char labels[] = " control treatment treated test placebo variant "
                                 "holdout baseline a b on off ";
    char word[48];
    const char *at = label;
    size_t n = next_word(&at, word, sizeof word);
    return n > 0 && listed(labels, word, n);
}

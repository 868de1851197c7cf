package importers

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"hazgrid/safety"
)

// look warns of what is odd about a record that is taken.
func (m *mapper) look(rec safety.Record, key string, r row, found []int) {
	enterprise := m.enterprise
	switch {
	case found[m.key] < 0 && strings.TrimSpace(r.id) == "":
		m.warnDerived(r, "the id", key)
	case enterprise >= 0 && found[enterprise] < 0 && rec.Values[enterprise] != nil:
		m.warnDerived(r, "the id of its enterprise", rec.Values[enterprise].(string))
	}
	if i := m.at.creditCode; i >= 0 {
		code, _ := rec.Values[i].(string)
		m.lookAtCode(key, code)
	}
	if i := m.at.severity; i >= 0 && found[i] >= 0 {
		if grade, _ := rec.Values[i].(string); grade != "" {
			m.lookAtGrade(key, grade, cell(r, found[i]))
		}
	}
	if i := m.at.frame; i >= 0 && found[i] >= 0 {
		read := string(m.conversion.Name())
		if said := strings.TrimSpace(cell(r, found[i])); said != "" && !strings.EqualFold(said, read) {
			m.warn("frame", fmt.Sprintf("%s: the file says %s, coordinates were read as %s (--frame)", key, clip(said), read))
		}
	}
	if m.status >= 0 {
		m.lookAtStatus(rec, key, fold(strings.TrimSpace(cell(r, found[m.status]))))
	}
}

// lookAtGrade warns of a grade of severity that the law does not have.
func (m *mapper) lookAtGrade(key, grade, said string) {
	if said == grade {
		return
	}
	if said = fold(strings.TrimSpace(said)); slices.Contains(strings.Fields(localGrade), said) {
		m.warn("local_grade", fmt.Sprintf("%s: severity %s is not one of the law's two, read as %s", key, said, grade))
	}
}

// maxCodes bounds the codes that are remembered to find one given twice; those of the rest of a larger file are not compared.
const maxCodes = 500_000

// lookAtCode warns of a credit code that fails its check, and of one that two enterprises have.
func (m *mapper) lookAtCode(key, code string) {
	if code == "" {
		return
	}
	if !creditCodeOK(code) {
		m.warn("credit_code", key+": "+clip(code))
	}
	hash, owner := maphash.String(m.seed, code), maphash.String(m.seed, key)
	switch was, ok := m.codes[hash]; {
	case ok && was != owner:
		m.warn("credit_code_twice", fmt.Sprintf("%s: %s is the code of another enterprise of the file too", key, clip(code)))
	case !ok && len(m.codes) < maxCodes:
		m.codes[hash] = owner
	}
}

// statusWords are the words for the status of a hazard. Overdue (超期, 逾期) is none: it is computed.
func statusWords(status string) (done, known bool) {
	switch status {
	case "已整改", "已完成", "已销号", "已闭环", "已办结", "已复查", "是", "√", "网格员关闭", "网格长关闭":
		return true, true
	case "待整改", "未整改", "否", "未完成", "×", "整改中", "处理中", "治理中", "待复查", "待验收", "待验证", "待核查", "整改验证",
		"退回补充", "复查不合格", "验收不通过", "超期未整改", "逾期", "草稿", "待审批", "审批驳回", "派单", "待接单":
		return false, true
	}
	return false, false
}

// lookAtStatus holds the status that a ledger gives against the dates. Only dates say when a hazard was rectified, so only they count: one that is said to be
// rectified, without a date, stays open, and nobody could tell from the figures.
func (m *mapper) lookAtStatus(rec safety.Record, key, status string) {
	if status == "" {
		return
	}
	rectified := rec.Values[m.index("rectified_at")] != nil || rec.Values[m.index("closed_at")] != nil
	switch done, known := statusWords(status); {
	case !known:
		m.warn("status", fmt.Sprintf("%s: status %s is not known and was not used", key, clip(status)))
	case done && !rectified:
		m.warn("status", fmt.Sprintf("%s is said to be %s, but no column gives the date (rectified_at, closed_at): it counts as open", key, status))
	case !done && rectified:
		m.warn("status", fmt.Sprintf("%s is said to be %s, but has a date of rectification: it counts as rectified", key, status))
	}
}
